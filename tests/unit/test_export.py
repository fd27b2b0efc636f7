"""What is handed out on one person: all of theirs, nothing of others, nothing a spreadsheet would run."""

import csv
import io
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from totalaud.cli.export_csv import as_csv, neutral
from totalaud.export import about

ADA, BEN = UUID(int=1, version=4), UUID(int=2, version=4)


def sealed(person: UUID) -> dict[str, str]:
    return {"$sealed": str(person), "n": "bg==", "c": "Yw=="}


def contact(person: UUID) -> dict[str, object]:
    return {"contact_id": str(person), "name": sealed(person), "outlet": "Radio Nowhere", "score": 3}


def test_of_a_list_of_contacts_only_the_persons_own_is_told():
    value = {"contacts": [contact(BEN), contact(ADA)], "total": 2}
    assert about(ADA, value) == {"contacts": [contact(ADA)]}


def test_a_text_sealed_for_the_person_comes_with_the_plain_fields_beside_it():
    value = {"subject": sealed(ADA), "tone": "warm", "other": sealed(BEN), "more": {"tone": "cold"}}
    assert about(ADA, value) == {"subject": sealed(ADA), "tone": "warm", "more": {"tone": "cold"}}


def test_what_was_said_of_the_person_is_told_with_all_its_parts():
    scored = {**contact(ADA), "genres": ["synthpop"], "score_parts": [{"name": "genre", "value": 1}]}
    assert about(ADA, {"contacts": [contact(BEN), scored]}) == {"contacts": [scored]}


def test_another_persons_row_inside_an_object_of_the_person_is_left_out():
    row = {"id": str(BEN), "outlet": "Radio B"}
    assert about(ADA, {"id": str(ADA), "similar": [row], "rival": str(BEN)}) == {"id": str(ADA)}


def test_a_value_that_does_not_speak_of_the_person_is_nothing():
    assert about(ADA, {"contacts": [contact(BEN)], "note": "on nobody"}) is None
    assert about(ADA, []) is None
    assert about(ADA, None) is None


def test_a_bare_id_among_others_is_told_without_them():
    assert about(ADA, {"contact_ids": [str(BEN), str(ADA)], "n": 2}) == {"contact_ids": [str(ADA)], "n": 2}


def test_a_field_that_is_called_by_an_id_speaks_of_that_person():
    rates = {str(ADA): 0.91, str(BEN): 0.12}
    assert about(ADA, {"rates": rates, "n": 2}) == {"rates": {str(ADA): 0.91}}
    assert about(ADA, {"id": str(ADA), "beside": rates, "n": 2}) == {
        "id": str(ADA),
        "beside": {str(ADA): 0.91},
        "n": 2,
    }
    assert about(ADA, {"id": str(ADA), **rates}) == {"id": str(ADA), str(ADA): 0.91}
    assert about(ADA, {str(ADA): {"name": sealed(ADA), "next": {"name": sealed(BEN)}}}) == {
        str(ADA): {"name": sealed(ADA)}
    }


def test_an_id_counts_however_it_is_written():
    assert about(ADA, {"contact_id": str(ADA).upper(), "x": 1}) == {"contact_id": str(ADA).upper(), "x": 1}


NAMES = ["a", "b", str(BEN)]
json_values = st.recursive(
    st.sampled_from([None, 1, "words", str(ADA), str(BEN), sealed(ADA), sealed(BEN)]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=12,
)


def strings(value: object) -> set[str]:
    match value:
        case dict():
            return {text for each in value.values() for text in strings(each)}
        case list():
            return {text for each in value for text in strings(each)}
        case str():
            return {value}
        case _:
            return set()


@given(json_values)
def test_whatever_the_shape_nothing_sealed_for_another_is_handed_out(value: object):
    told = about(ADA, value)
    assert sealed(BEN) not in sealed_in(told)
    assert (told is not None) == (str(ADA) in strings(value))


def sealed_in(value: object) -> list[object]:
    if isinstance(value, dict):
        inner = [one for each in value.values() for one in sealed_in(each)]
        return [value] if "$sealed" in value else inner
    return [one for each in value for one in sealed_in(each)] if isinstance(value, list) else []


@pytest.mark.parametrize(
    "cell", ["=1+1", "+49 30 1234", "-5", "@SUM(A1)", "\tx", "\r=1", "\n=1", "  =1", "\uff1d1"]
)
def test_what_a_spreadsheet_would_run_is_made_text(cell: str):
    assert neutral(cell) == "'" + cell


def test_a_table_steers_no_terminal():
    export = {
        "contact": {"notes": "a\x1b[2J\x9b31m\u202eb"},
        "history": [],
        "outreach": [],
        "pitches": [],
        "texts": [],
    }
    assert "a␛[2J\ufffd31m\ufffdb" in as_csv(export)


def test_a_table_has_a_line_for_each_field_and_runs_nothing():
    export = {
        "contact_id": str(ADA),
        "contact": {
            "name": '=HYPERLINK("http://example.org")',
            "genres": ["synthpop"],
            "notes": None,
            "imported_at": datetime(2026, 5, 1, 10, tzinfo=UTC),
        },
        "history": [],
        "outreach": [{"event": "sent"}, {"event": "replied"}],
        "pitches": [],
        "texts": [],
    }
    lines = list(csv.reader(io.StringIO(as_csv(export))))
    assert lines == [
        ["record", "number", "field", "value"],
        ["contact", "1", "name", '\'=HYPERLINK("http://example.org")'],
        ["contact", "1", "genres", '["synthpop"]'],
        ["contact", "1", "notes", ""],
        ["contact", "1", "imported_at", "2026-05-01T10:00:00+00:00"],
        ["outreach", "1", "event", "sent"],
        ["outreach", "2", "event", "replied"],
    ]


def test_a_contact_of_whom_only_texts_are_left_is_a_table_too():
    export = {
        "contact_id": str(ADA),
        "contact": None,
        "history": [],
        "outreach": [],
        "pitches": [],
        "texts": [],
    }
    assert as_csv(export).splitlines() == ["record,number,field,value"]
