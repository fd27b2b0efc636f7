"""Erases a person: keys first, then the fact. A crash in between is mended by asking again."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from campaigns.contacts import Contact, Erase
from campaigns.history import Histories
from campaigns.requests import EraseContact, Erased
from shared.erasure import erase_keys
from shared.refusal import Refusal
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
        await erase_keys(self.vault, user, contact_id, past)
        recorded = await self.histories.record(user, contact_id, Erase(), cause)
        known = bool(past.recorded)
        return Erased(erased=recorded.happened, contact_id=contact_id, known=known, seq=recorded.seq)
