"""Erases a person: the fact first, then the keys, so that nothing is imported of them in between.

A crash in between is mended by asking again, else by the next start of the service.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from campaigns.contacts import Contact, Erase
from campaigns.finding import check_id, meant
from campaigns.history import Histories
from campaigns.requests import EraseContact, Erased
from shared.erasure import erase_keys
from shared.vault import Vault


@dataclass(frozen=True, slots=True)
class Erasing:
    """The handler of `contacts.erase`."""

    vault: Vault
    histories: Histories[Contact, Any]

    async def handle(self, user: UUID, request: EraseContact, cause: str) -> Erased:
        """Erase for ever; an address that was never imported is erased too, so that it never will be."""
        contact_id = meant(await self.vault.ids(), user, request)
        before = await self.histories.load(user, contact_id)
        known = before.seq > 0
        check_id(request, known=known)
        recorded = await self.histories.record(user, contact_id, Erase(), cause, before)
        past = await self.histories.past(user, contact_id)
        had_key = await erase_keys(self.vault, user, contact_id, past)
        erased = recorded.happened or had_key
        return Erased(erased=erased, contact_id=contact_id, known=known, seq=recorded.seq)
