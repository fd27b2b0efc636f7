"""Erasing a person's keys: that of the contact, and those of their names where these stand without its id."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from shared.keyring import Ids
from shared.log import BadCommit, Log, Past
from shared.record_events import ContactImported
from shared.sealing import ERASED, UNREADABLE, reveal
from shared.subjects import contact
from shared.vault import Vault

GONE = (ERASED, UNREADABLE)


async def erase_keys(vault: Vault, user: UUID, contact_id: UUID, past: Past) -> bool:
    """Delete them for ever; `past` is the contact's. False: the contact's own had been deleted before.

    A crash in between is mended by doing it again.
    """
    for person in await _written_elsewhere(vault, user, past) - {contact_id}:
        await vault.erase(user, person)
    return await vault.erase(user, contact_id)


async def erase_again(vault: Vault, log: Log, user: UUID, contact_id: UUID) -> None:
    """Delete the keys of whom the log says is erased; that not all of it can be read holds nothing up."""
    aggregate = contact(user, contact_id)
    try:
        past = await log.load(aggregate)
    except BadCommit as bad:
        past = bad.before
    await erase_keys(vault, user, contact_id, past)


def written_as(ids: Ids, user: UUID, values: Sequence[Any]) -> set[UUID]:
    """Return whom a contact's name, address, phone and notes mean where they stand without the contact's id.

    The address of somebody else, such as a colleague's in the notes, means somebody else.
    """
    name, email, *more = (text if isinstance(text, str) and text not in GONE else None for text in values)
    own = ids.person_addressed(user, email or name or "")
    found: set[UUID] = set()
    for text in filter(None, (name, email, *more)):
        if ids.person_addressed(user, text) in (None, own):
            found |= {ids.person_of(user, text), ids.person_written(user, text)}
    return found


async def _written_elsewhere(vault: Vault, user: UUID, past: Past) -> set[UUID]:
    """Tell it of all that was ever imported.

    It can be told only while the contact's own key is there, so that one is deleted last.
    """
    told = await reveal(vault, user, list(_values(past)), unreadable=UNREADABLE)
    ids = await vault.ids()
    return set().union(*(written_as(ids, user, values) for values in told))


def _values(past: Past) -> Iterator[list[Any]]:
    for event in past.events:
        if isinstance(event, ContactImported):
            yield [event.name, event.email, event.phone, event.notes]
