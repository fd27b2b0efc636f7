"""The life of a contact."""

import pytest

from campaigns.contacts import Contact, Erase, decide, fold
from shared.record_events import ContactErased, ContactImported
from shared.refusal import Refusal

SEALED = {"$sealed": "00000000-0000-4000-8000-0000000000aa", "n": "", "c": ""}
IMPORTED = ContactImported(name=SEALED, fingerprint="one")
CHANGED = ContactImported(name=SEALED, fingerprint="two")


def test_a_new_contact_is_imported():
    assert decide(IMPORTED, Contact()) == [IMPORTED]


def test_the_same_values_again_change_nothing():
    assert decide(IMPORTED, fold([IMPORTED])) == []


def test_other_values_are_imported_again():
    assert decide(CHANGED, fold([IMPORTED])) == [CHANGED]


def test_values_that_came_back_are_news():
    assert decide(IMPORTED, fold([IMPORTED, CHANGED])) == [IMPORTED]


def test_a_contact_is_erased():
    assert decide(Erase(), fold([IMPORTED])) == [ContactErased()]


def test_one_who_was_never_imported_is_erased_too():
    assert decide(Erase(), Contact()) == [ContactErased()]


def test_a_second_erasure_changes_nothing():
    assert decide(Erase(), fold([IMPORTED, ContactErased()])) == []


def test_an_erased_contact_is_not_imported_again():
    with pytest.raises(Refusal, match="erased"):
        decide(IMPORTED, fold([IMPORTED, ContactErased()]))
