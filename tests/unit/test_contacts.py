"""The life of a contact."""

from typing import Any

import pytest
from msgspec import structs

from campaigns.contacts import Contact, Erase, Import, Suppress, Unsuppress, check_known, decide, evolve
from controls import past_of
from shared.record_events import ContactErased, ContactImported, ContactSuppressed, ObjectionWithdrawn
from shared.refusal import Refusal

SEALED = {"$sealed": "00000000-0000-4000-8000-0000000000aa", "n": "", "c": ""}
IMPORTED = ContactImported(name=SEALED, fingerprint="one")
CHANGED = ContactImported(name=SEALED, fingerprint="two")


def fold(events: list[Any]) -> Contact:
    return evolve(Contact(), past_of(*events))


def test_a_new_contact_is_imported():
    assert decide(Import(IMPORTED), Contact()) == [IMPORTED]


def test_the_same_values_again_change_nothing():
    assert decide(Import(IMPORTED), fold([IMPORTED])) == []


def test_other_values_are_imported_again():
    assert decide(Import(CHANGED), fold([IMPORTED])) == [CHANGED]


def test_values_that_came_back_are_news():
    assert decide(Import(IMPORTED), fold([IMPORTED, CHANGED])) == [IMPORTED]


MARKED = ContactImported(name=SEALED, suppressed=True, fingerprint="marked")


def test_a_file_that_says_so_lets_a_contact_be_written_to_again():
    assert decide(Import(CHANGED), fold([MARKED])) == [CHANGED]


def test_a_file_that_says_so_again_is_no_news():
    assert decide(Import(MARKED), fold([MARKED])) == []


def test_whom_not_to_write_to_is_news_though_the_fingerprint_is_the_same():
    """Older releases took the fingerprint of what the file said, not of what was kept beside it."""
    kept = structs.replace(CHANGED, suppressed=True)
    assert decide(Import(CHANGED), fold([MARKED, kept])) == [CHANGED]


def test_of_one_who_was_imported_things_are_recorded_though_they_object():
    check_known(fold([IMPORTED]))
    check_known(fold([IMPORTED, ContactSuppressed()]))


def test_a_contact_is_erased():
    assert decide(Erase(), fold([IMPORTED])) == [ContactErased()]


def test_one_who_was_never_imported_is_erased_too():
    assert decide(Erase(), Contact()) == [ContactErased()]


def test_a_second_erasure_changes_nothing():
    assert decide(Erase(), fold([IMPORTED, ContactErased()])) == []


def test_an_erased_contact_is_not_imported_again():
    with pytest.raises(Refusal, match="erased"):
        decide(Import(IMPORTED), fold([IMPORTED, ContactErased()]))


def test_one_who_objects_is_suppressed():
    assert decide(Suppress(), fold([IMPORTED])) == [ContactSuppressed()]


def test_one_who_was_never_imported_can_object_too():
    assert decide(Suppress(), Contact()) == [ContactSuppressed()]


def test_whatever_is_imported_later_a_second_objection_changes_nothing():
    assert decide(Suppress(), fold([IMPORTED, ContactSuppressed(), CHANGED])) == []


def test_an_objection_is_taken_back_once_and_made_again():
    objected = [IMPORTED, ContactSuppressed()]
    assert decide(Unsuppress(), fold(objected)) == [ObjectionWithdrawn()]
    withdrawn = [*objected, ObjectionWithdrawn()]
    assert decide(Unsuppress(), fold(withdrawn)) == []
    assert decide(Suppress(), fold(withdrawn)) == [ContactSuppressed()]


@pytest.mark.parametrize(
    ("history", "code"),
    [([MARKED, ContactSuppressed()], "in_file"), ([IMPORTED, ContactErased()], "erased")],
)
def test_what_a_file_says_or_an_erasure_is_not_taken_back_so(history: list[Any], code: str):
    with pytest.raises(Refusal) as refused:
        decide(Unsuppress(), fold(history))
    assert refused.value.code == code


def test_one_who_was_erased_needs_not_object():
    assert decide(Suppress(), fold([IMPORTED, ContactErased()])) == []


@pytest.mark.parametrize(
    ("history", "code"),
    [
        ([], "unknown_contact"),
        ([ContactSuppressed()], "unknown_contact"),
        ([IMPORTED, ContactErased()], "erased"),
    ],
)
def test_of_one_who_is_not_there_nothing_is_recorded(history: list[Any], code: str):
    with pytest.raises(Refusal) as refused:
        check_known(fold(history))
    assert refused.value.code == code
