"""Erases a person: keys first, then the fact. A crash in between is mended by asking again."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from campaigns.contacts import Contact, Erase
from campaigns.history import Histories
from campaigns.requests import EraseContact, Erased
from shared.log import Past
from shared.record_events import ContactImported
from shared.refusal import Refusal
from shared.sealing import ERASED, reveal
from shared.vault import Vault


@dataclass(frozen=True, slots=True)
class Erasing:
    """The handler of `contacts.erase`."""

    vault: Vault
    histories: Histories[Contact, Any]

    async def handle(self, user: UUID, request: EraseContact, cause: str) -> Erased:
        """Erase for ever; an address that was never imported is erased too, so that it never will be."""
        contact_id = request.contact_id or self.vault.person_of(user, request.email or "")
        past = await self.histories.past(user, contact_id)
        if request.contact_id is not None and not past.recorded:
            raise Refusal("unknown_contact", "contact_id", "no contact of this user has this id")
        for person in await self._written_elsewhere(user, past) - {contact_id}:
            await self.vault.erase(user, person)
        await self.vault.erase(user, contact_id)
        recorded = await self.histories.record(user, contact_id, Erase(), cause)
        return Erased(erased=recorded.happened, contact_id=contact_id, seq=recorded.seq)

    async def _written_elsewhere(self, user: UUID, past: Past) -> set[UUID]:
        """Whom the contact's name or address means where it stands without the contact's id.

        They can be told only while the contact's own key is there, so that one is deleted last.
        """
        texts = await reveal(self.vault, user, list(_values(past)))
        return {
            self.vault.person_of(user, text) for text in texts if isinstance(text, str) and text != ERASED
        }


def _values(past: Past) -> Iterator[Any]:
    for event in past.events:
        if isinstance(event, ContactImported):
            yield from (event.name, event.email, event.phone, event.notes)
