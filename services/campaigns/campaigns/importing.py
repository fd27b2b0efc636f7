"""Imports contacts: only news is sealed and appended, many contacts at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from campaigns.contacts import fold, is_news
from campaigns.crowd import for_each
from campaigns.history import Histories
from campaigns.history import Recorded as Done
from campaigns.reading import Batch, Candidate, read
from campaigns.requests import LISTED, ImportContacts, Imported
from campaigns.rows import Fault
from shared.json import canonical
from shared.log import Past
from shared.record_events import ContactImported
from shared.refusal import Refusal
from shared.sealing import seal
from shared.vault import Erased, Vault

AT_ONCE = 32
PERSONAL = ("name", "email", "phone", "notes")
_TEXT = {"anyOf": [{"type": "string", "x-personal": True}, {"type": "null"}]}
SCHEMA: dict[str, Any] = {"type": "array", "items": {"properties": dict.fromkeys(PERSONAL, _TEXT)}}

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Compared:
    """A candidate beside what the log says of its contact; `past` is a guess for one without a key."""

    candidate: Candidate
    fingerprint: str
    past: Past
    news: bool


@dataclass(frozen=True, slots=True)
class Importing:
    """The handler of `contacts.import`."""

    vault: Vault
    histories: Histories

    async def handle(self, user: UUID, request: ImportContacts, cause: str) -> Imported:
        """Import what is good and new; a repetition finds everything unchanged."""
        batch = await asyncio.to_thread(read, self.vault, user, request)
        compared = await self._compare(user, batch, guess=not request.dry_run)
        news = [one for one in compared if one.news]
        done = [Done(one.past.seq, happened=one.news) for one in compared if request.dry_run or not one.news]
        if not request.dry_run:
            done += await self._append(user, news, batch, cause)
        return Imported(
            imported=sum(one.happened for one in done),
            unchanged=sum(not one.happened for one in done),
            duplicates=len(batch.repeated),
            failed=batch.failed,
            total=batch.total,
            seq=max((one.seq for one in done), default=0),
            errors=tuple(sorted(batch.errors, key=lambda error: error.line)[:LISTED]),
            repeated=tuple(batch.repeated[:LISTED]),
            ignored=batch.ignored,
            dry_run=request.dry_run,
        )

    async def _compare(self, user: UUID, batch: Batch, *, guess: bool) -> list[Compared]:
        keys = await self.vault.keys(user, [one.contact_id for one in batch.candidates]) if guess else {}

        async def compare(one: Candidate) -> Compared:
            new = guess and keys[one.contact_id] is None
            past = Past() if new else await self.histories.load(user, one.contact_id)
            fingerprint = self.vault.fingerprint(canonical([str(user), one.row.values()]))
            return Compared(one, fingerprint, past, news=is_news(fingerprint, fold(past.events)))

        return await self._each(batch, batch.candidates, lambda one: one, compare)

    async def _append(self, user: UUID, news: list[Compared], batch: Batch, cause: str) -> list[Done]:
        erased = await self._make_keys(user, {one.candidate.contact_id for one in news})
        values = [{"contact_id": str(one.candidate.contact_id), **one.candidate.row.values()} for one in news]
        sealed = await seal(self.vault, user, SCHEMA, values)

        async def append(one: tuple[Compared, dict[str, Any]]) -> Done:
            compared, values = one
            contact_id = compared.candidate.contact_id
            if contact_id in erased:
                raise Erased(frozenset({contact_id}))
            event = ContactImported.model_validate(
                {
                    **values,
                    "kind": values["type"],
                    "type": "ContactImported",
                    "fingerprint": compared.fingerprint,
                }
            )
            return await self.histories.record(user, contact_id, event, cause, compared.past)

        return await self._each(batch, zip(news, sealed, strict=True), lambda one: one[0].candidate, append)

    async def _make_keys(self, user: UUID, people: set[UUID]) -> frozenset[UUID]:
        """Make the keys of all at once, except of those who were erased; return these."""
        try:
            await self.vault.make_keys(user, people)
        except Erased as refused:
            return refused.people | await self._make_keys(user, people - refused.people)
        return frozenset()

    async def _each(
        self,
        batch: Batch,
        items: Iterable[A],
        candidate: Callable[[A], Candidate],
        do: Callable[[A], Awaitable[B]],
    ) -> list[B]:
        """Do it to many at once; what is refused is an error of its line, any other error ends the import."""
        done: list[B] = []

        async def attempt(item: A) -> None:
            try:
                done.append(await do(item))
            except Refusal as refusal:
                if refusal.code == "unavailable":
                    raise
                batch.refuse(candidate(item).line, [Fault(refusal.field, refusal.message)])

        await for_each(items, attempt, at_once=AT_ONCE)
        return done
