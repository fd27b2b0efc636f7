"""Cuts the input of a skill that asks once for each item of a list, and puts the answers together."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from shared.definitions import OWNER, SkillDefinition, filled_in
from shared.schema_nodes import plain, types_of
from skill_runner.failure import Failure
from skill_runner.structured import Schema, item_schema, with_fields

NAMELESS = "no model can answer: a provider takes an object's named fields, and the skill's output has none"


class Part(NamedTuple):
    """What one text is about; `owner` is the person that it speaks of, where known.

    `item` is its place in the list, None where there is none.
    """

    input: dict[str, Any]
    schema: Schema
    owner: str | None = None
    item: int | None = None


def split(definition: SkillDefinition, value: dict[str, Any]) -> list[Part]:
    """Return one part, or one for each item of the list that `config.for_each` names.

    An item takes the place of its list, under the list's name without its plural s.
    """
    config, output = definition.config, definition.output_schema
    schema = item_schema(output, config.into) if config.into else output
    if "object" not in (types_of(plain(schema, schema)) or ()):
        raise Failure("skill_error", NAMELESS)
    if config.for_each is None:
        return [Part(value, schema, value.get(OWNER))]
    if value.get(config.for_each) is None:
        return [Part(value, schema, value.get(OWNER))]
    items = value[config.for_each]
    if not items:
        raise Failure("nothing_to_do", f"{config.for_each}: the list is empty, there is nothing to do")
    rest = {name: inner for name, inner in value.items() if name != config.for_each}
    name = config.for_each.removesuffix("s")
    return [Part({**rest, name: item}, schema, owner_of(item), place) for place, item in enumerate(items)]


def owner_of(item: Any) -> str | None:
    return (item.get("id") or item.get(OWNER)) if isinstance(item, dict) else None


def asked_of(definition: SkillDefinition, schema: Schema) -> Schema:
    """Return the schema of what the model writes: `config.asks`, or all that the engine does not fill in."""
    fields = schema.get("properties", {})
    filled = filled_in(definition.functions)
    asked = definition.config.asks or [name for name in fields if name not in filled]
    return schema if len(asked) == len(fields) else with_fields(schema, asked)


def collected(output: Schema, into: str, answers: list[Any]) -> dict[str, Any]:
    """Return the list, and beside it those fields of its first answer that the output has too."""
    fields = output.get("properties", {}).keys() - {into}
    first = answers[0] if isinstance(answers[0], dict) else {}
    return {name: inner for name, inner in first.items() if name in fields} | {into: answers}


def in_order(done: Mapping[int, Any]) -> list[Any]:
    return [done[place] for place in sorted(done)]
