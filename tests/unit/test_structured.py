"""Schemas for structured output: only what every provider takes, and the way back."""

from skill_runner.structured import item_schema, lowest_common, with_fields, without_nulls

PITCH = {
    "type": "object",
    "properties": {
        "contact_id": {"type": "string"},
        "subject": {"type": "string", "maxLength": 80, "x-personal": True, "description": "Short."},
        "score": {"type": "number", "minimum": 0, "default": 1},
        "tone": {"type": "string", "enum": ["warm", "brief"]},
        "facts": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 3},
    },
    "required": ["contact_id", "subject"],
    "additionalProperties": False,
}
OUTPUT = {
    "type": "object",
    "$defs": {"Pitch": PITCH},
    "properties": {
        "pitches": {"type": "array", "items": {"$ref": "#/$defs/Pitch"}},
        "note": {"type": "string"},
    },
    "required": ["pitches"],
}


def test_every_field_is_required_and_an_optional_one_may_be_null() -> None:
    common = lowest_common(PITCH)
    assert common["required"] == ["contact_id", "subject", "score", "tone", "facts"]
    assert common["properties"]["score"] == {"anyOf": [{"type": "number"}, {"type": "null"}]}


def test_limits_defaults_and_marks_are_left_out_and_descriptions_stay() -> None:
    common = lowest_common(PITCH)
    assert common["properties"]["subject"] == {"type": "string", "description": "Short."}
    assert common["properties"]["facts"]["anyOf"][0] == {"type": "array", "items": {"type": "string"}}


def test_how_a_day_is_written_is_told_in_words() -> None:
    day = {"type": "string", "format": "date", "description": "When it goes out."}
    link = {"type": "string", "format": "uri"}
    common = lowest_common({"type": "object", "properties": {"day": day, "link": link}, "required": ["day"]})
    assert common["properties"] == {
        "day": {"type": "string", "description": "When it goes out. (written as 2026-05-01)"},
        "link": {
            "anyOf": [
                {"type": "string", "description": "(written as https://example.org/)"},
                {"type": "null"},
            ]
        },
    }


def test_objects_are_closed_at_every_depth_and_definitions_stay() -> None:
    common = lowest_common(OUTPUT)
    assert common["additionalProperties"] is False
    assert common["$defs"]["Pitch"]["additionalProperties"] is False
    assert common["properties"]["pitches"]["items"] == {"$ref": "#/$defs/Pitch"}


def test_types_that_nothing_asked_for_is_of_are_not_sent() -> None:
    item = {"type": "object", "properties": {"check": {"$ref": "#/$defs/Check"}}, "required": ["check"]}
    types = {"Item": item, "Check": {"type": "boolean"}, "Meta": {"type": "string"}}
    fields = {"items": {"type": "array", "items": {"$ref": "#/$defs/Item"}}, "meta": {"$ref": "#/$defs/Meta"}}
    whole = {"type": "object", "$defs": types, "properties": {**fields, "text": {"type": "string"}}}
    assert list(lowest_common(with_fields(whole, ["items"]))["$defs"]) == ["Item", "Check"]
    assert "$defs" not in lowest_common(with_fields(whole, ["text"]))


def test_a_type_that_has_itself_inside_is_sent_once() -> None:
    tree = {"type": "object", "properties": {"below": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}}}
    whole = {"type": "object", "$defs": {"Tree": tree}, "properties": {"top": {"$ref": "#/$defs/Tree"}}}
    assert list(lowest_common(whole)["$defs"]) == ["Tree"]


def test_a_field_that_may_be_null_already_stays_as_it_is() -> None:
    nullable = {"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}
    assert lowest_common(nullable)["properties"]["a"]["anyOf"] == [{"type": "string"}, {"type": "null"}]


def test_a_null_for_what_is_not_given_is_dropped_on_the_way_back() -> None:
    answer = {"pitches": [{"contact_id": "1", "subject": "Hi", "score": None, "tone": None}], "note": None}
    assert without_nulls(OUTPUT, answer) == {"pitches": [{"contact_id": "1", "subject": "Hi"}]}


def test_a_null_that_is_allowed_stays() -> None:
    schema = {"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}
    assert without_nulls(schema, {"a": None}) == {"a": None}


def test_a_null_for_a_required_field_stays_to_be_refused() -> None:
    assert without_nulls(PITCH, {"contact_id": None, "subject": "Hi"})["contact_id"] is None


def test_the_schema_of_an_item_carries_the_definitions() -> None:
    assert item_schema(OUTPUT, "pitches")["properties"] == PITCH["properties"]


def test_some_fields_can_be_taken_alone() -> None:
    less = with_fields(PITCH, ["subject", "tone"])
    assert (list(less["properties"]), less["required"]) == (["subject", "tone"], ["subject"])
