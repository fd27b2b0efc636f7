"""What is wrong with a value, and what can never fit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator.fitting import misfit
from shared.schema import (
    NoSuchField,
    Problem,
    any_given,
    at,
    fault,
    holds_personal,
    is_personal,
    prepare,
    problems,
)
from sites import Site, running, says

NULL = {"type": "null"}
TEXT = {"type": "string"}
SEALED = {"$sealed": "0b5f1d3a-6f0e-4f0e-9b51-0c9d7a1c2b3d", "n": "bm9uY2U=", "c": "Y2lwaGVy"}
CONTACT = {
    "type": "object",
    "properties": {
        "id": {"type": ["string", "null"], "format": "uuid"},
        "name": {"type": "string", "x-personal": True},
        "kind": {"enum": ["radio", "playlist"]},
        "boss": {"anyOf": [{"$ref": "#/$defs/Contact"}, NULL]},
    },
    "required": ["name"],
}


def schema(**fields: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": fields,
        "required": [],
        "additionalProperties": True,
        "$defs": {"Contact": CONTACT},
    }


CONTACTS = schema(
    contacts={"type": "array", "items": {"$ref": "#/$defs/Contact"}}, limit={"type": "integer", "default": 20}
)


def list_of(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def test_several_problems_are_listed_each_with_its_path():
    found = problems(CONTACTS, {"contacts": [{"name": 7}, {"kind": "tv"}], "limit": "many"})
    assert {(problem.path, problem.keyword) for problem in found} == {
        ("contacts[0].name", "type"),
        ("contacts[1].name", "required"),
        ("contacts[1].kind", "enum"),
        ("limit", "type"),
    }


def test_a_problem_never_repeats_the_value():
    found = problems(
        schema(
            id={"format": "uuid"}, age={"maximum": 3}, kind={"enum": ["a"]}, boss={"$ref": "#/$defs/Contact"}
        ),
        {"id": "canary", "age": 31337, "kind": "canary", "boss": "canary"},
    )
    assert len(found) == 4
    assert "canary" not in str(found)
    assert "31337" not in str(found)


def test_a_sealed_value_satisfies_any_schema():
    contact = {"name": SEALED, "boss": {"name": SEALED, "boss": None}}
    assert problems(CONTACTS, {"contacts": [contact, SEALED], "limit": SEALED}) == []


@pytest.mark.parametrize(
    ("schema", "around"),
    [
        ({"properties": {"a": TEXT}}, lambda inner: {"a": inner}),
        ({"patternProperties": {"^a": TEXT}}, lambda inner: {"a": inner}),
        ({"dependentSchemas": {"b": {"properties": {"a": TEXT}}}}, lambda inner: {"a": inner, "b": 1}),
        ({"additionalProperties": TEXT}, lambda inner: {"a": inner}),
        ({"unevaluatedProperties": TEXT}, lambda inner: {"a": inner}),
        ({"items": TEXT}, lambda inner: [inner]),
        ({"prefixItems": [{}, TEXT]}, lambda inner: [1, inner]),
        ({"unevaluatedItems": TEXT}, lambda inner: [inner]),
        ({"contains": TEXT}, lambda inner: [1, inner]),
        ({"anyOf": [{"required": ["c"]}, {"properties": {"a": TEXT}}]}, lambda inner: {"a": inner}),
        ({"allOf": [{"properties": {"a": TEXT}}]}, lambda inner: {"a": inner}),
        ({"oneOf": [{"required": ["c"]}, {"properties": {"a": TEXT}}]}, lambda inner: {"a": inner}),
        ({"properties": {"a": {"$ref": "#/$defs/T"}}, "$defs": {"T": TEXT}}, lambda inner: {"a": inner}),
    ],
    ids=lambda told: next(iter(told)) if isinstance(told, dict) else "",
)
def test_wherever_a_text_is_wanted_a_sealed_value_is_good_and_a_number_is_not(
    schema: dict[str, Any], around: Callable[[Any], Any]
):
    assert problems(schema, around("text")) == problems(schema, around(SEALED)) == []
    assert problems(schema, around(7))


def test_a_constant_that_looks_like_a_schema_is_one_value():
    assert problems({"const": {"type": "string"}}, {"type": "string"}) == []
    assert problems({"const": {"type": "string"}}, "text") == [
        Problem("", "is not the one allowed value", "const")
    ]


def test_a_choice_names_what_may_be_chosen_and_a_rule_without_words_its_own_name():
    kind = schema(kind={"enum": ["radio", 2, None]}, other={"not": TEXT})
    assert [str(problem) for problem in problems(kind, {"kind": "tv", "other": "text"})] == [
        "kind must be one of radio, 2",
        "other breaks the rule not",
    ]


def test_what_only_looks_sealed_satisfies_nothing():
    assert problems(schema(name=TEXT), {"name": {"$sealed": "x"}})
    assert problems(schema(name=TEXT), {"name": SEALED | {"more": "x"}})


def test_a_field_that_may_be_null_is_told_as_if_it_could_not():
    assert [
        problem.path for problem in problems(CONTACTS, {"contacts": [{"name": "x", "boss": {"name": 1}}]})
    ] == ["contacts[0].boss.name"]


@pytest.mark.parametrize("where", ["file", "http"])
def test_not_even_what_is_there_is_fetched_for_a_schema(tmp_path: Path, where: str):
    (tmp_path / "text.json").write_text('{"type": "string"}')
    with running(Site()) as site:
        site.answers["/text.json"] = says(b'{"type": "string"}')
        address = {"file": (tmp_path / "text.json").as_uri(), "http": site.url("/text.json")}[where]
        assert "is not read" in str(fault({"$ref": address}))
        assert site.heard == []


def test_fifty_problems_are_enough():
    wrong = {"type": "array", "items": TEXT}
    assert len(problems(wrong, [7] * 49)) == 49
    assert len(problems(wrong, [7] * 60)) == 50


def test_a_schema_that_points_elsewhere_is_at_fault_and_nothing_is_fetched():
    assert fault({"$ref": "http://127.0.0.1:9/x"}) is not None
    assert fault({"type": "strig"}) is not None
    assert fault(CONTACTS) is None


@pytest.mark.parametrize(
    "text",
    [
        "2016-12-31T23:59:60Z",
        "2026-11-02t11:00:00z",
        "0000-01-01T00:00:00Z",
        "2026-11-02T11:00:00",
        "2026-11-02 11:00:00Z",
        "2026-11-02",
        "20261102T110000Z",
    ],
)
def test_a_time_that_no_skill_could_read_is_none(text):
    (problem,) = problems(schema(at={"type": "string", "format": "date-time"}), {"at": text})
    assert str(problem) == "at must be a date-time with its offset, as 2026-05-01T10:00:00+01:00"


@pytest.mark.parametrize(
    "text", ["0000-01-01", "2026-W45-1", "20261102", "2025-02-29", "2026-11-02T11:00:00Z"]
)
def test_a_day_that_no_skill_could_read_is_none(text):
    (problem,) = problems(schema(day={"type": "string", "format": "date"}), {"day": text})
    assert str(problem) == "day must be a date, as 2026-05-01"


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"type": ["null", "array"]}, "it must be a list"),
        ({"type": "string", "format": "uuid"}, "it must be a UUID"),
        ({"type": "string", "format": "email"}, "it must be an e-mail address"),
        ({"type": "string", "format": "ipv4"}, "it must be a ipv4"),
    ],
)
def test_a_rule_is_told_by_what_may_be_given(rule, said: str):
    (problem,) = problems(schema(it=rule), {"it": "x"})
    assert str(problem) == said


def test_days_and_times_are_those_of_rfc_3339():
    times = schema(at=list_of({"type": "string", "format": "date-time"}))
    written = ["2026-11-02T11:00:00Z", "2024-02-29T23:59:59.123456789-00:00", "0001-01-01T00:00:00+14:00"]
    assert problems(times, {"at": written}) == []
    assert problems(schema(day={"type": "string", "format": "date"}), {"day": "2024-02-29"}) == []


def test_an_empty_schema_takes_anything():
    assert problems({}, {"any": [1, None, "x"]}) == []


def test_defaults_are_filled_in_and_unknown_fields_left_out_with_a_warning():
    prepared, warnings = prepare(
        CONTACTS, {"contacts": [{"name": "x", "x1": 1}, {"name": "y", "x1": 2}], "q": 1}
    )
    assert prepared == {"contacts": [{"name": "x"}, {"name": "y"}], "limit": 20}
    assert [warning.split(" ")[0] for warning in warnings] == ["contacts[].x1", "q"]


def test_preparing_never_raises_and_leaves_alone_what_it_cannot_know():
    assert prepare({}, {"a": 1}) == ({"a": 1}, [])
    assert prepare(CONTACTS, {"contacts": SEALED, "limit": None}) == ({"contacts": SEALED, "limit": None}, [])


def test_the_schema_of_a_path_stands_alone():
    found = at(CONTACTS, ["contacts", 0, "boss", "boss", "name"])
    assert found["type"] == "string"
    assert problems(at(CONTACTS, ["contacts"]), [{"name": 1}])[0].path == "[0].name"


def test_a_field_that_is_not_there_names_those_that_are():
    with pytest.raises(NoSuchField) as error:
        at(CONTACTS, ["contcts"])
    assert error.value.known == ["contacts", "limit"]


@pytest.mark.parametrize("path", [["contacts", "name"], ["limit", "x"], [0], ["contacts", 0, 1]])
def test_names_are_of_objects_and_numbers_of_lists(path: list[str | int]):
    with pytest.raises(NoSuchField):
        at(CONTACTS, path)


def test_where_the_schema_does_not_say_anything_may_stand():
    assert at({}, ["a", 3, "b"]) == {}
    assert at(schema(free={"type": "object"}), ["free", "x", 1]) == {}


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (list_of(TEXT), TEXT),
        ({"type": "object"}, list_of(TEXT)),
        (TEXT, {"type": "integer"}),
        ({"enum": ["a", "b"]}, {"enum": ["c"]}),
        (at(CONTACTS, ["contacts"]), list_of(TEXT)),
        (list_of(schema(name={"type": "integer"}) | {"required": ["name"]}), at(CONTACTS, ["contacts"])),
        ({"type": "string", "format": "date"}, {"type": "string", "format": "uuid"}),
        ({"anyOf": [list_of(TEXT), NULL]}, {"type": ["string", "null"]}),
    ],
)
def test_what_can_never_fit_is_told(source: dict[str, Any], target: dict[str, Any]):
    assert misfit(source, target)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ({}, TEXT),
        (TEXT, {}),
        ({"anyOf": [TEXT, {"type": "integer"}]}, TEXT),
        ({"type": "number"}, {"type": "integer"}),
        ({"type": ["string", "null"]}, TEXT),
        ({"enum": ["a", "b"]}, {"enum": ["b", "c"]}),
        (TEXT, {"type": "string", "format": "uuid"}),
        (at(CONTACTS, ["contacts"]), at(CONTACTS, ["contacts"])),
        (schema(name={"type": "integer"}), schema(name=TEXT)),
    ],
)
def test_what_may_fit_is_let_through(source: dict[str, Any], target: dict[str, Any]):
    assert misfit(source, target) is None


def test_a_misfit_names_both_sides():
    assert misfit(at(CONTACTS, ["contacts"]), list_of(TEXT)) == "in the list, Contact does not fit a string"


def test_personal_text_is_known_at_its_place_and_from_above():
    assert is_personal(at(CONTACTS, ["contacts", 0, "name"]))
    assert not is_personal(CONTACTS)
    assert holds_personal(CONTACTS)
    assert not holds_personal(schema(boss=TEXT) | {"$defs": {}})


def test_of_a_group_of_fields_one_is_needed_and_null_is_none():
    wanted = any_given(schema(a={}, b={}, c={}), [("a", "b"), ("b", "c")])
    told = [(problem.path, problem.message, problem.keyword) for problem in problems(wanted, {"a": None})]
    assert told == [("", "needs a or b", "required"), ("", "needs b or c", "required")]
    assert problems(wanted, {"b": SEALED}) == []
    assert any_given(CONTACTS, ()) == CONTACTS
