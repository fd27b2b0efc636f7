"""JSON Schema as our skills use it: what is wrong with a value, what it lacks, what stands at a path."""

import json
from collections.abc import Iterable, Iterator, Sequence, ValuesView
from functools import lru_cache
from typing import Any, NamedTuple

import jsonschema_rs

from shared.filling import filled
from shared.identity import REMEMBERED, by_identity
from shared.json import canonical
from shared.places import text_of
from shared.schema_formats import FORMATS
from shared.schema_nodes import plain, resolved, types_of
from shared.schema_rules import in_words, tolerant

Schema = dict[str, Any]
MAX_PROBLEMS = 50
MANY = 50_000
NULL: Schema = {"type": "null"}


class Problem(NamedTuple):
    """One broken rule at one path, e.g. `contacts[0].name`; no part of it repeats the value.

    `keyword` is the rule's in JSON Schema: a missing field has `required`, and its own path.
    """

    path: str
    message: str
    keyword: str = ""

    def __str__(self) -> str:
        return f"{self.path} {self.message}" if self.path else self.message


class NoSuchField(LookupError):  # noqa: N818 - reads as what it says
    """The schema says what there is, and this is not among it; `known` is empty where nothing has a name."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(name)
        self.name = name
        self.known = known


def problems(schema: Schema, value: Any) -> list[Problem]:
    """List what breaks the schema, at most 50, of MANY parts the first; a sealed value satisfies all.

    `value` is JSON: anything else than dict, list, str, finite number, bool and None is a ValueError.
    """
    validator = _validator(schema)
    if validator.is_valid(value):
        return []
    found: list[Problem] = []
    for error in _errors(validator, value):
        found += _problems_of(error)
        if len(found) >= MAX_PROBLEMS:
            break
    return found[:MAX_PROBLEMS]


def fault(schema: Schema) -> str | None:
    """Say why the schema itself cannot be used; None when it can."""
    try:
        _validator(schema)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        return str(error).splitlines()[0]
    return None


def prepare(schema: Schema, value: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Fill in defaults and leave out fields that the schema does not know, at any depth.

    Returns a warning for each field left out. Where the schema names no fields, everything is known.
    """
    unknown: dict[str, list[str]] = {}
    complete = filled(schema, value, unknown)
    if complete is value:
        return value, []
    return complete, [
        f"{path} is not known and was left out; known: {', '.join(unknown[path])}" for path in unknown
    ]


def at(schema: Schema, path: Sequence[str | int]) -> Schema:
    """Return the schema of what stands at `path`, self-contained; `{}` where the schema does not say.

    Raises NoSuchField.
    """
    known, where = _known_at(schema), tuple(path)
    if where not in known:
        here: Any = schema
        for part in path:
            here = _child(plain(schema, here), part)
        found = resolved(schema, here)
        if len(known) >= REMEMBERED:
            known.clear()
        known[where] = {**found, "$defs": schema["$defs"]} if found and "$defs" in schema else found
    return known[where]


def any_given(schema: Schema, groups: Iterable[Iterable[str]]) -> Schema:
    """Return the schema of an object that has, of each group of fields, at least one that is not null."""
    rules = [
        {"anyOf": [{"required": [name], "properties": {name: {"not": NULL}}} for name in group]}
        for group in groups
    ]
    return {**schema, "allOf": rules} if rules else schema


def is_personal(schema: Schema) -> bool:
    """Whether the value itself is personal text."""
    return plain(schema, schema).get("x-personal") is True


def holds_personal(schema: Schema) -> bool:
    """Whether personal text may stand anywhere in the value."""
    return _holds_personal(schema, schema, set())


@by_identity
def _known_at(_schema: Schema) -> dict[tuple[str | int, ...], Schema]:
    """Hold what was found inside a schema, by path."""
    return {}


@by_identity
def _validator(schema: Schema) -> jsonschema_rs.Draft202012Validator:
    return _compiled(canonical(schema))


@lru_cache(maxsize=512)
def _compiled(text: bytes) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        tolerant(json.loads(text)),
        validate_formats=True,
        formats=FORMATS,
        mask="the value",
        retriever=_never_fetch,
    )


def _errors(
    validator: jsonschema_rs.Draft202012Validator, value: Any
) -> Iterable[jsonschema_rs.ValidationError]:
    """Return all errors; of a large value only the first: to tell any, `iter_errors` looks for all."""
    if not _is_large(value):
        return validator.iter_errors(value)
    try:
        validator.validate(value)
    except jsonschema_rs.ValidationError as first:
        return [first.with_traceback(None)]
    return []


def _is_large(value: Any) -> bool:
    parts, waiting = 0, [value]
    while waiting and parts <= MANY:
        inner = waiting.pop()
        inner = inner.values() if isinstance(inner, dict) else inner
        if isinstance(inner, list | ValuesView):
            parts += len(inner)
            waiting += inner
    return parts > MANY


def _never_fetch(address: str) -> Any:
    raise ValueError(f"schemas are self-contained: {address} is not read")


def _problems_of(error: jsonschema_rs.ValidationError) -> Iterator[Problem]:
    kind: Any = error.kind
    path = list(error.instance_path)
    if kind.name == "anyOf" and (names := _not_given(kind)):
        yield Problem(text_of(path), f"needs {' or '.join(names)}", "required")
        return
    if kind.name in ("anyOf", "oneOf") and (only := _only_form(kind)):
        for inner in only:
            yield from _problems_of(inner)
        return
    if kind.name == "required":
        path.append(kind.property)
    yield Problem(text_of(path), in_words(kind), kind.name)


def _only_form(kind: Any) -> list[jsonschema_rs.ValidationError]:
    """Return the errors of the one form beside null: a field that may be null is told as if it could not."""
    forms = [form for form in getattr(kind, "context", ()) if not _is_null(form)]
    return forms[0] if len(forms) == 1 else []


def _not_given(kind: Any) -> list[str]:
    """Return the fields of which one is needed (`any_given`), none when it is about something else."""
    names = []
    for form in getattr(kind, "context", ()):
        match [(error.kind, list(error.instance_path)) for error in form]:
            case [(missing, _)] if missing.name == "required":
                names.append(missing.property)
            case [(null, [*_, str() as name])] if null.name == "not":
                names.append(name)
            case _:
                return []
    return names


def _is_null(form: list[Any]) -> bool:
    return len(form) == 1 and form[0].kind.name == "type" and form[0].kind.types == ["null"]


def _child(node: Schema, part: str | int) -> Any:
    types = types_of(node)
    if isinstance(part, int):
        if types is not None and "array" not in types:
            raise NoSuchField(f"[{part}]", sorted(node.get("properties", ())))
        prefix = node.get("prefixItems", ())
        return prefix[part] if part < len(prefix) else node.get("items", {})
    fields = node.get("properties", {})
    if part in fields:
        return fields[part]
    if types is not None and "object" not in types:
        raise NoSuchField(part, [])
    others = node.get("additionalProperties", True)
    if isinstance(others, dict) and others:
        return others
    if fields:
        raise NoSuchField(part, sorted(fields))
    return {}


def _holds_personal(root: Schema, node: Any, seen: set[int]) -> bool:
    node = resolved(root, node)
    if id(node) in seen:
        return False
    seen.add(id(node))
    if node.get("x-personal") is True:
        return True
    inner = [*node.get("properties", {}).values(), *node.get("anyOf", ()), *node.get("oneOf", ())]
    inner += [node[word] for word in ("items", "additionalProperties") if isinstance(node.get(word), dict)]
    return any(_holds_personal(root, part, seen) for part in inner)
