"""Erasing a person's keys: that of the contact, and those of their names where these stand without its id."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from shared.log import BadCommit, Log, Past
from shared.record_events import ContactImported
from shared.sealing import ERASED, UNREADABLE, reveal
from shared.subjects import contact
from shared.vault import Vault


async def erase_keys(vault: Vault, user: UUID, contact_id: UUID, past: Past) -> None:
    """Delete them for ever; `past` is the contact's. A crash in between is mended by doing it again."""
    for person in await _written_elsewhere(vault, user, past) - {contact_id}:
        await vault.erase(user, person)
    await vault.erase(user, contact_id)


async def erase_again(vault: Vault, log: Log, user: UUID, contact_id: UUID) -> None:
    """Delete the keys of whom the log says is erased; that not all of it can be read holds nothing up."""
    aggregate = contact(user, contact_id)
    try:
        past = await log.load(aggregate)
    except BadCommit as bad:
        past = bad.before
    await erase_keys(vault, user, contact_id, past)


async def _written_elsewhere(vault: Vault, user: UUID, past: Past) -> set[UUID]:
    """Whom the contact's name or address means where it stands without the contact's id.

    They can be told only while the contact's own key is there, so that one is deleted last.
    """
    texts = await reveal(vault, user, list(_values(past)), unreadable=UNREADABLE)
    told = {text for text in texts if isinstance(text, str)} - {ERASED, UNREADABLE}
    ids = await vault.ids()
    return {of(user, text) for text in told for of in (ids.person_of, ids.person_written)}


def _values(past: Past) -> Iterator[Any]:
    for event in past.events:
        if isinstance(event, ContactImported):
            yield from (event.name, event.email, event.phone, event.notes)
