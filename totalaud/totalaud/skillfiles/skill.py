"""One skill from its YAML file, and its Python file if it has one."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import cast, get_args

from shared.definitions import Category, SkillConfig, SkillDefinition
from shared.json import canonical
from shared.models import shipped
from shared.schema import NoSuchField, any_given, at, problems
from shared.skill_source import file_name, library_of, python_hash
from shared.subjects import POOLS, Pool
from totalaud.skillfiles import words
from totalaud.skillfiles.asked import check_asks, check_filled, check_optional
from totalaud.skillfiles.expression import Schema
from totalaud.skillfiles.fields import Fields
from totalaud.skillfiles.problem import Faults
from totalaud.skillfiles.python import python_of
from totalaud.skillfiles.reading import read
from totalaud.skillfiles.tree import Mapping
from totalaud.skillfiles.types import Types

CATEGORIES: tuple[str, ...] = get_args(Category)
FEWEST_CHOICES = 2
A_SLIP = 0.75
KEYS = (
    *("name", "version", "category", "description", "provider", "model"),
    *("input", "output", "config", "enabled", "is_beta"),
)


@dataclass(frozen=True, slots=True)
class SkillFile:
    """What a file says: its skill's name as far as it is known, the definition only if nothing is wrong."""

    faults: Faults
    name: str
    line: int
    definition: SkillDefinition | None


def load_skill(file: Path, types: Types) -> SkillFile:
    faults = Faults(file)
    root = read(faults)
    if root is None:
        return SkillFile(faults, file.stem, 1, None)
    words.unknown_keys(root, KEYS, faults)
    name = words.name(root, faults)
    line = root.lines.get("name", 1)
    definition = _definition(root, name or file.stem, types, faults)
    return SkillFile(faults, name or file.stem, line, None if faults.found else definition)


def _definition(root: Mapping, name: str, types: Types, faults: Faults) -> SkillDefinition | None:
    category = words.choice(root, "category", CATEGORIES, faults)
    provider = words.choice(root, "provider", POOLS, faults)
    fields = Fields(types.names, faults)
    schemas = [_schema(root, key, fields, types) for key in ("input", "output")]
    config = words.config(root, faults)
    description = words.text(root, "description", faults)
    version = words.text(root, "version", faults)
    model = words.text(root, "model", faults)
    _check_model(root, provider, model, faults)
    switches = [fields.flag(root, key, default=key == "enabled") for key in ("enabled", "is_beta")]
    _check_for_each(root, config, schemas, provider, faults)
    if config.cohort is not None and config.cache_s is None:
        faults.add(root.lines["config"], "'cohort' tells how long a result is kept: it needs 'cache_s'")
    schemas[0] = _with_choices(root, config, schemas[0], faults)
    beside = None
    if provider is not None and words.is_name(name):
        beside = python_of(faults.file.with_name(file_name(name)), provider, faults, root.lines["provider"])
    check_asks(root, config, schemas[1], provider, faults)
    if not faults.found and provider != "custom":
        functions = beside.functions if beside else ()
        check_filled(root, config, schemas[1], functions, faults)
        if provider == "anthropic" and not faults.found:
            check_optional(root, config, schemas[1], functions, faults)
    if faults.found:
        return None
    python = None if beside is None else python_hash(beside.source, library_of(faults.file.parent.parent))
    return SkillDefinition(
        name=name,
        version=version or "1",
        category=cast("Category", category),
        description=description,
        provider=cast("Pool", provider),
        model=model,
        input_schema=schemas[0],
        output_schema=schemas[1],
        config=config,
        enabled=switches[0],
        is_beta=switches[1],
        hash=_hash(faults.file.read_bytes(), (python or "").encode(), *map(canonical, schemas)),
        python_hash=python,
        functions=beside.functions if beside and provider != "custom" else (),
    )


def _check_model(root: Mapping, provider: str | None, model: str | None, faults: Faults) -> None:
    """Tell of a tier that is written wrong and of a model that another provider has.

    Any other name goes to the provider, which knows it or not; a gateway may know each of them.
    """
    known = shipped()
    aliases = known.get(cast("Pool", provider)) if model else None
    if model is None or aliases is None:
        return
    line, family = root.lines["model"], model.split("-")[0]
    near = get_close_matches(model, aliases.tiers, n=1, cutoff=A_SLIP)
    if near and model not in near:
        faults.warn(line, f"there is no model size '{model}': did you mean '{near[0]}'?")
    for other, others in known.items():
        if family in others.families - aliases.families:
            faults.warn(line, f"'{model}' is a model of {other}: {provider} itself does not know it")


def _schema(root: Mapping, key: str, fields: Fields, types: Types) -> Schema:
    fields.uses = set()
    schema = fields.object(root.get(key))
    for name in sorted(types.faulty.intersection(types.closure(fields.uses))):
        fields.faults.add(root.lines[key], f"'{key}' uses the type {name}, which has faults of its own")
    schema = types.complete(schema, fields.uses)
    node = root.get(key)
    if isinstance(node, Mapping):
        for name, message in _wrong_defaults(schema):
            fields.faults.add(node.lines[name], f"the default of '{name}' {message}")
    return schema


def _wrong_defaults(schema: Schema) -> Iterator[tuple[str, str]]:
    """Check all defaults in one go, as a list: names may be anything, so they are no paths."""
    given = [(name, inner) for name, inner in schema.get("properties", {}).items() if "default" in inner]
    if not given:
        return
    listed = {"prefixItems": [inner for _, inner in given], "$defs": schema.get("$defs", {})}
    for problem in problems(listed, [inner["default"] for _, inner in given]):
        index = int(problem.path[1 : problem.path.index("]")])
        yield given[index][0], problem.message


def _check_for_each(
    root: Mapping, config: SkillConfig, schemas: list[Schema], provider: str | None, faults: Faults
) -> None:
    line = root.lines.get("config", 1)
    if (config.for_each is None) != (config.into is None):
        faults.add(line, "'for_each' names a list of the input and 'into' one of the output: both or none")
    if config.for_each is not None and provider == "custom":
        faults.add(line, "'for_each' is for skills that ask a model")
    for key, name, schema in (
        ("for_each", config.for_each, schemas[0]),
        ("into", config.into, schemas[1]),
    ):
        if name is not None and not _is_list(schema, name):
            faults.add(line, f"'{key}': there is no list '{name}'")


def _with_choices(root: Mapping, config: SkillConfig, schema: Schema, faults: Faults) -> Schema:
    """Return the input's schema with what `config.one_of` demands."""
    settings = root.get("config")
    line = settings.lines.get("one_of", settings.line) if isinstance(settings, Mapping) else 1
    known = list(schema.get("properties", {}))
    for name in dict.fromkeys(name for group in config.one_of for name in group if name not in known):
        faults.unknown(line, "field of the input in 'one_of'", name, known)
    if any(len(group) < FEWEST_CHOICES for group in config.one_of):
        faults.add(line, "each group in 'one_of' names two fields or more")
    return any_given(schema, config.one_of)


def _is_list(schema: Schema, name: str) -> bool:
    try:
        types = at(schema, [name]).get("type", ())
    except NoSuchField:
        return False
    return "array" in ([types] if isinstance(types, str) else types)


def _hash(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
