"""The handler of `contacts.suppress`."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from campaigns.contacts import Contact, Suppress
from campaigns.finding import check_id, meant
from campaigns.history import Histories
from campaigns.requests import ContactDone, SuppressContact
from shared.vault import Vault


@dataclass(frozen=True, slots=True)
class Suppressing:
    """Notes objections."""

    vault: Vault
    histories: Histories[Contact, Any]

    async def handle(self, user: UUID, request: SuppressContact, cause: str) -> ContactDone:
        """An address that was never imported is suppressed too: it may be imported later."""
        id_ = meant(self.vault, user, request)
        past = await self.histories.load(user, id_)
        known = past.seq > 0
        check_id(request, known=known)
        done = await self.histories.record(user, id_, Suppress(), cause, past)
        return ContactDone(contact_id=id_, seq=done.seq, unchanged=not done.happened, known=known)
