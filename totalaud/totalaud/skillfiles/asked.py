"""What a model is asked for: fields of the output, all the way down by name; and who fills in the others."""

from collections.abc import Collection

from shared.definitions import SkillConfig, filled_in
from shared.schema import NoSuchField, at
from shared.schema_nodes import plain, resolved, types_of
from totalaud.skillfiles.expression import Schema
from totalaud.skillfiles.problem import Faults
from totalaud.skillfiles.tree import Mapping

NAMELESS = (
    "no model can fill '{}': a provider takes fields by name only. "
    "Make a type of it in types.yaml, or a string; or name in 'asks' what the model writes"
)
MOST_OPTIONAL = 16
TOO_MANY = (
    f"anthropic takes at most {MOST_OPTIONAL} optional fields in an answer, those of its types among them, "
    "and there are {}: make some required, or name in 'asks' what the model writes"
)
FIELDLESS = "'into': what the model answers has named fields: make the items of '{}' a type of types.yaml"
FILLED_BY_NOBODY = (
    "nobody fills in '{}': name it in 'asks', or add it in 'complete' in the Python file beside this"
)


def check_asks(
    root: Mapping, config: SkillConfig, output: Schema, provider: str | None, faults: Faults
) -> None:
    """Tell of names in `config.asks` that are none, and warn of fields without a form of their own."""
    line = root.lines.get("config", 1)
    if provider == "custom":
        if config.asks:
            faults.add(line, "'asks' is for skills that ask a model")
        return
    if (answer := _answer(config, output)) is None:
        return
    if "object" not in (types_of(plain(answer, answer)) or ()):
        _tell_fieldless(line, config, faults)
        return
    fields = answer.get("properties", {})
    for name in config.asks:
        if name not in fields:
            faults.unknown(line, "field of the answer in 'asks'", name, list(fields))
    if faults.found:
        return
    for name in config.asks or fields:
        if _is_nameless(output, fields[name], frozenset()):
            faults.warn(_line(root, config, name), NAMELESS.format(name))


def _tell_fieldless(line: int, config: SkillConfig, faults: Faults) -> None:
    if config.into:
        faults.add(line, FIELDLESS.format(config.into))
    elif not faults.found:
        faults.warn(line, "there is no 'output': a provider takes fields by name only, no model can answer")


def check_filled(
    root: Mapping, config: SkillConfig, output: Schema, functions: Collection[str], faults: Faults
) -> None:
    """Tell of required fields that neither the model nor the engine nor `complete` fills in."""
    answer = _answer(config, output)
    if answer is None or "complete" in functions:
        return
    filled = filled_in(functions)
    asked = {*(config.asks or answer.get("properties", {})), *filled}
    lacking = [name for name in answer.get("required", ()) if name not in asked]
    if config.into:
        there = {config.into, *answer.get("properties", {}), *filled}
        lacking += [name for name in output["required"] if name not in there]
    for name in lacking:
        faults.add(_line(root, config, name), FILLED_BY_NOBODY.format(name))


def check_optional(
    root: Mapping, config: SkillConfig, output: Schema, functions: Collection[str], faults: Faults
) -> None:
    """Warn of more optional fields than Anthropic takes: it refuses each call."""
    answer = _answer(config, output) or {}
    fields, filled = answer.get("properties", {}), filled_in(functions)
    asked = {name: fields[name] for name in config.asks or fields.keys() - filled}
    optional = _count_optional(output, {**answer, "properties": asked}, set())
    if optional > MOST_OPTIONAL:
        faults.warn(root.lines["output"], TOO_MANY.format(optional))


def _answer(config: SkillConfig, output: Schema) -> Schema | None:
    """Return the schema of one answer; None where the output has no such list."""
    try:
        return at(output, [config.into, 0]) if config.into else output
    except NoSuchField:
        return None


def _line(root: Mapping, config: SkillConfig, name: str) -> int:
    """Return where a field of the output stands, else the list that it is a field of."""
    written = root.get("output")
    lines = written.lines if isinstance(written, Mapping) else {}
    return lines.get(name) or lines.get(config.into or "", root.lines.get("config", 1))


def _is_nameless(root: Schema, node: Schema, above: frozenset[str]) -> bool:
    """Tell whether somewhere in it is an object without named fields, or a value of any form."""
    if (reference := node.get("$ref")) in above:
        return False
    above |= {reference} if reference else set()
    here = resolved(root, node)
    if "anyOf" in here:
        return any(_is_nameless(root, form, above) for form in here["anyOf"])
    return _lacks_names(root, here, above)


def _count_optional(root: Schema, node: Schema, seen: set[str]) -> int:
    """Count the fields that may be left out, all the way down, those of a named type once.

    Each is asked for as its own form or null: Anthropic compiles no more than so many of these.
    """
    reference = node.get("$ref")
    if reference in seen:
        return 0
    seen |= {reference} if reference else set()
    here = resolved(root, node)
    fields = here.get("properties", {})
    within = [*fields.values(), *here.get("anyOf", ()), *([here["items"]] if "items" in here else [])]
    count = len(fields.keys() - set(here.get("required", ())))
    return count + sum(_count_optional(root, inner, seen) for inner in within)


def _lacks_names(root: Schema, form: Schema, above: frozenset[str]) -> bool:
    types = types_of(form)
    if types is None:
        return True
    if "object" in types:
        fields = form.get("properties", {})
        return not fields or any(_is_nameless(root, inner, above) for inner in fields.values())
    return "array" in types and _is_nameless(root, form.get("items", {}), above)
