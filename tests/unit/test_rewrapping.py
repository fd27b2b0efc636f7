"""What the change of the master key makes of each thing: the pure part."""

import os
from uuid import UUID, uuid4

import pytest

from shared.keyring import KEY_BYTES, BadMasterKey, Keyring
from totalaud.rekey.rewrapping import Rewrapping

OLD, NEW, OTHER = (bytes([number]) * KEY_BYTES for number in range(3))
USER = UUID("00000000-0000-4000-8000-000000000001")
KEY = os.urandom(KEY_BYTES)


def wrapped(master_key: bytes, person: UUID) -> bytes:
    return Keyring(master_key).wrap(USER, person, KEY)


def test_the_new_master_key_opens_what_the_old_one_did():
    person = uuid4()
    made = Rewrapping(OLD, NEW).key(USER, person, wrapped(OLD, person))
    assert Keyring(NEW).unwrap(USER, person, made) == KEY
    with pytest.raises(BadMasterKey):
        Keyring(OLD).unwrap(USER, person, made)


def test_what_the_new_one_has_wrapped_stays():
    person, change = uuid4(), Rewrapping(OLD, NEW)
    there = wrapped(NEW, person)
    assert change.key(USER, person, there) == there
    assert (change.changed, change.stayed) == (0, 1)


def test_what_neither_opens_is_refused():
    person, change = uuid4(), Rewrapping(OLD, NEW)
    for refused in (
        lambda: change.key(USER, person, wrapped(OTHER, person)),
        lambda: change.ids(Keyring(OTHER).wrap_ids(Keyring(OTHER).ids)),
    ):
        with pytest.raises(BadMasterKey, match="nothing was changed"):
            refused()


def test_ids_come_from_the_first_master_key_for_ever():
    first = Rewrapping(OLD, NEW).ids(None)
    second = Rewrapping(NEW, OTHER).ids(first)
    assert Keyring(NEW).unwrap_ids(first) == Keyring(OTHER).unwrap_ids(second) == Keyring(OLD).ids


def test_ids_that_the_new_one_has_wrapped_stay():
    there = Keyring(NEW).wrap_ids(Keyring(OTHER).ids)
    assert Rewrapping(OLD, NEW).ids(there) == there


def test_ids_come_from_no_key_that_opens_nothing():
    change = Rewrapping(OLD, NEW)
    change.key(USER, USER, wrapped(NEW, USER))
    with pytest.raises(BadMasterKey, match="name the one that it has"):
        change.ids(None)


def test_a_vault_of_both_has_the_ids_of_the_old_one():
    change, people = Rewrapping(OLD, NEW), (uuid4(), uuid4())
    for person, key in zip(people, (OLD, NEW), strict=True):
        assert Keyring(NEW).unwrap(USER, person, change.key(USER, person, wrapped(key, person))) == KEY
    assert Keyring(NEW).unwrap_ids(change.ids(None)) == Keyring(OLD).ids


def test_the_same_key_is_no_new_one():
    with pytest.raises(BadMasterKey, match="is the old one"):
        Rewrapping(OLD, OLD)
