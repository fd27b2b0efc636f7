"""One row of contacts: whose it is, what it changes of what was known, and whose objection it is."""

from typing import Any

import pytest

from campaigns.contact_rows import Objection, Row, row
from shared.record_events import ContactImported

LAST = ContactImported(
    name="Ada", email="a", phone="1", genres=("indie",), kind="radio", suppressed=True, fingerprint="print"
)
FAULTY = {"type": "wizard", "suppressed": "yes"}


def good(**cells: Any) -> Row:
    found = row(cells)
    assert isinstance(found, Row)
    return found


@pytest.mark.parametrize(
    ("cells", "identity"),
    [
        ({"email": "ada@example.org", "name": "Ada", "outlet": "Dock FM"}, "ada@example.org"),
        ({"name": "Ada", "outlet": "Dock FM"}, "Ada|Dock FM"),
        ({"first_name": "Ada", "last_name": "Example"}, "Ada Example|"),
    ],
)
def test_a_person_is_known_by_address_or_else_by_name_and_outlet(cells: dict[str, str], identity: str):
    assert good(**cells).identity == identity
    objection = row(cells | FAULTY)
    assert isinstance(objection, Objection)
    assert (objection.identity, [fault.field for fault in objection.faults]) == (identity, ["type"])


def test_what_cannot_be_seen_around_a_value_is_no_part_of_it():
    found = good(
        name="\u200f \u05e9\u05e8\u05d4\u200f", type="radio\u200b", outlet="\u200b", suppressed="\ufeffyes"
    )
    assert (found.name, found.type, found.outlet, found.suppressed) == (
        "\u05e9\u05e8\u05d4",
        "radio",
        None,
        True,
    )
    assert row({"name": " \u200b\u200e "}) == row({"name": ""})


@pytest.mark.parametrize(
    "written", ["synthpop\u3001techno", "synthpop\uff1b techno", "synthpop\u060c\u200ftechno"]
)
def test_lists_are_split_as_other_scripts_write_them(written: str):
    assert good(name="Ada", genres=written).genres == ("synthpop", "techno")


@pytest.mark.parametrize(
    "cells",
    [
        {"name": "Ada", "email": "no address"},
        {"name": "Ada" * 100},
        {"name": "Ada", "outlet": "x" * 201},
        {"outlet": "Dock FM"},
        {"outlet": "Dock FM", "phone": 5},
        {"email": "ada@example.org", "suppressed": "no"},
        {"email": "ada@example.org", "suppressed": ""},
    ],
)
def test_a_row_with_faults_that_does_not_say_who_objects_is_faults_alone(cells: dict[str, Any]):
    assert isinstance(row(FAULTY | cells), list)


def test_a_row_changes_what_it_tells_and_nothing_else():
    told = good(email="ada@example.org", phone="2", genres="").over(LAST)
    changed = {name: value for name, value in told.items() if value not in (None, ())}
    assert changed == {
        "name": "Ada", "email": "ada@example.org", "phone": "2", "type": "radio", "suppressed": True,
    }  # fmt: skip


@pytest.mark.parametrize(("cell", "suppressed"), [("no", False), ("yes", True), ("", True)])
def test_an_objection_that_was_known_stays_until_a_row_says_otherwise(cell: str, suppressed: bool):
    assert good(name="Ada", suppressed=cell).over(LAST)["suppressed"] is suppressed


@pytest.mark.parametrize("cell", ["yes", "", "no"])
def test_an_agreement_takes_back_no_objection(cell: str):
    assert good(name="Ada", subscribed=cell).over(LAST)["suppressed"] is True


def test_whoever_was_not_known_has_not_objected():
    assert good(name="Ada").over(None)["suppressed"] is False


def test_a_row_objects_whatever_was_known():
    objects = good(name="Ada", suppressed="no").objecting()
    assert objects.over(None)["suppressed"] is objects.over(LAST)["suppressed"] is True
    silent = good(name="Ada").objecting()
    willing = ContactImported(name="Ada", fingerprint="print")
    assert silent.over(willing)["suppressed"] is True


def test_a_name_that_is_not_told_is_none():
    assert good(email="ada@example.org").over(None)["name"] is None


def test_what_came_with_a_later_release_is_there_where_it_is_given():
    assert good(name="Ada", timezone="Europe/London").over(None)["timezone"] == "Europe/London"
    assert "timezone" not in good(name="Ada").over(None)


def test_a_part_of_a_name_leaves_a_known_name_and_fills_one_that_is_not():
    assert good(first_name="Bo").over(LAST)["name"] == "Ada"
    assert good(first_name="Bo").over(None)["name"] == "Bo"
