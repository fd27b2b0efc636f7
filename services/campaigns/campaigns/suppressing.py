"""Who objects is suppressed, and may be written to again once that is taken back."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from campaigns.contacts import Contact, Suppress, Unsuppress
from campaigns.crowd import for_each
from campaigns.finding import check_id, meant
from campaigns.history import Histories, Known
from campaigns.requests import ContactDone, OfContact
from shared.refusal import Refusal
from shared.vault import Vault


async def suppress(histories: Histories[Contact, Any], user: UUID, people: Iterable[UUID], cause: str) -> int:
    """Note that these people object, whatever is imported later; return the last sequence."""
    last = 0

    async def note(person: UUID) -> None:
        nonlocal last
        last = max(last, (await histories.record(user, person, Suppress(), cause)).seq)

    await for_each(set(people), note)
    return last


@dataclass(frozen=True, slots=True)
class Suppressing:
    """The handlers of `contacts.suppress` and `contacts.unsuppress`."""

    vault: Vault
    histories: Histories[Contact, Any]

    async def suppress(self, user: UUID, request: OfContact, cause: str) -> ContactDone:
        """An address that was never imported is suppressed too: it may be imported later."""
        return await self._done(user, request, Suppress(), cause)

    async def unsuppress(self, user: UUID, request: OfContact, cause: str) -> ContactDone:
        """Refuse whom nothing is known of, whom a file keeps suppressed, and who was erased."""
        return await self._done(user, request, Unsuppress(), cause)

    async def _done(
        self, user: UUID, request: OfContact, command: Suppress | Unsuppress, cause: str
    ) -> ContactDone:
        id_ = meant(await self.vault.ids(), user, request)
        past: Known[Contact] = await self.histories.load(user, id_)
        known = past.seq > 0
        check_id(request, known=known)
        if not known and isinstance(command, Unsuppress):
            raise Refusal("unknown_contact", "email", "no contact of this user has this address")
        done = await self.histories.record(user, id_, command, cause, past)
        return ContactDone(contact_id=id_, seq=done.seq, unchanged=not done.happened, known=known)
