"""Completing a value by its schema: what is complete is passed on, all else is completed everywhere in it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.schema import prepare

SEALED = {"$sealed": "0b5f1d3a-6f0e-4f0e-9b51-0c9d7a1c2b3d", "n": "bm9uY2U=", "c": "Y2lwaGVy"}
NODE = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "count": {"type": "integer", "default": 1},
        "tags": {"type": "array", "items": {"type": "string"}},
        "id": {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "null"}]},
        "ids": {"type": "array", "items": {"type": "string", "format": "uuid"}},
        "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
        "rows": {"type": "array", "items": {"type": "array", "items": {"$ref": "#/$defs/Node"}}},
        "free": {"type": "object"},
        "open": {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "string"}},
    },
}
SCHEMA = {**NODE, "$defs": {"Node": NODE}}
LEAVES = st.sampled_from([None, 1, "X", SEALED])
NAMES = st.sampled_from([*NODE["properties"], "a", "unknown"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=7),
    max_leaves=20,
)


def by_hand(value: Any) -> Any:
    """Complete a value of type Node in the plainest way."""
    if not isinstance(value, dict) or "$sealed" in value:
        return value
    done = {name: inner for name, inner in value.items() if name in NODE["properties"]}
    done.setdefault("count", 1)
    if "id" in done:
        done["id"] = lower(done["id"])
    if isinstance(done.get("ids"), list):
        done["ids"] = [lower(one) for one in done["ids"]]
    if "next" in done:
        done["next"] = by_hand(done["next"])
    if isinstance(done.get("rows"), list):
        done["rows"] = [
            [by_hand(one) for one in row] if isinstance(row, list) else row for row in done["rows"]
        ]
    return done


def lower(one: Any) -> Any:
    return one.lower() if isinstance(one, str) else one


@given(st.dictionaries(NAMES, VALUES, max_size=8))
def test_all_of_a_value_is_completed_however_deep(value: dict[str, Any]):
    assert prepare(SCHEMA, value)[0] == by_hand(value)


@given(st.dictionaries(NAMES, VALUES, max_size=8))
def test_what_is_complete_is_passed_on_as_it_is(value: dict[str, Any]):
    complete, _ = prepare(SCHEMA, value)
    again, warnings = prepare(SCHEMA, complete)
    assert again is complete
    assert warnings == []


def test_lists_of_lists_without_end_say_nothing():
    endless: dict[str, Any] = {"type": "array", "items": {"$ref": "#/$defs/L"}}
    schema = {"type": "object", "properties": {"l": {"$ref": "#/$defs/L"}}, "$defs": {"L": endless}}
    assert prepare(schema, {"l": [[], [[]]], "m": 1}) == (
        {"l": [[], [[]]]},
        ["m is not known and was left out; known: l"],
    )
