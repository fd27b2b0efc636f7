"""Tells what the log holds of a contact: earlier names, addresses and notes too, sealed as they are there."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from campaigns.contacts import Contact
from campaigns.finding import meant
from campaigns.history import Histories
from campaigns.requests import ContactHistory, ReadHistory
from shared.vault import Vault


@dataclass(frozen=True, slots=True)
class Remembering:
    """The handler of `contacts.history`."""

    vault: Vault
    histories: Histories[Contact, Any]

    async def handle(self, user: UUID, request: ReadHistory, _cause: str) -> ContactHistory:
        """Answer a page; of nobody who is known, none."""
        contact_id = meant(await self.vault.ids(), user, request)
        past = await self.histories.page(user, contact_id, request.after_seq)
        events = [
            {"seq": one.seq, "at": one.commit.at.isoformat(), **event.told()}
            for one in past.recorded
            for event in one.commit.events
        ]
        return ContactHistory(contact_id=contact_id, events=tuple(events), more=past.more)
