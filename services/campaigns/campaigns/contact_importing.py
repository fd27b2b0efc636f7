"""Imports contacts: only news is sealed and appended, many contacts at a time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from campaigns import contacts
from campaigns.columns import CONTACTS
from campaigns.contact_rows import Row, row
from campaigns.contacts import Contact, is_news
from campaigns.history import Histories, Known
from campaigns.imports import Import, Imported
from campaigns.reading import Batch, Done, Line, read
from shared.json import canonical
from shared.record_events import ContactImported
from shared.sealing import seal
from shared.vault import Erased, Vault

PERSONAL = ("name", "email", "phone", "notes")
_TEXT = {"anyOf": [{"type": "string", "x-personal": True}, {"type": "null"}]}
SCHEMA: dict[str, Any] = {"type": "array", "items": {"properties": dict.fromkeys(PERSONAL, _TEXT)}}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A good row beside what the log says of its contact."""

    line: int
    contact_id: UUID
    row: Row
    fingerprint: str
    known: Known[Contact]
    news: bool


@dataclass(frozen=True, slots=True)
class Importing:
    """The handler of `contacts.import`."""

    vault: Vault
    histories: Histories[Contact, Any]

    async def handle(self, user: UUID, request: Import, cause: str) -> Imported:
        """Import what is good and new; a repetition finds everything unchanged."""
        batch, lines = await asyncio.to_thread(self._read, user, request)
        candidates = await self._compare(user, batch, lines)
        news = [one for one in candidates if one.news]
        done = [Done(one.known.seq, one.news) for one in candidates if request.dry_run or not one.news]
        if not request.dry_run:
            done += await self._append(user, news, batch, cause)
        return batch.report(done, dry_run=request.dry_run)

    def _read(self, user: UUID, request: Import) -> tuple[Batch[Row], list[Line[tuple[UUID, Row]]]]:
        """Read the rows, the first of each person; whom any row says not to write to is not written to."""
        batch = read(request, CONTACTS, row)
        of = [self.vault.person_of(user, line.row.identity) for line in batch.lines]
        marked = {person for person, line in zip(of, batch.lines, strict=True) if line.row.suppressed}
        people = [
            Line(line.number, (person, replace(line.row, suppressed=True) if person in marked else line.row))
            for person, line in zip(of, batch.lines, strict=True)
        ]
        return batch, batch.once(people, lambda one: one[0])

    async def _compare(
        self, user: UUID, batch: Batch[Row], lines: Sequence[Line[tuple[UUID, Row]]]
    ) -> list[Candidate]:
        known = await self.histories.load_many(user, [line.row[0] for line in lines])

        async def compare(line: Line[tuple[UUID, Row]]) -> Candidate:
            contact_id, row = line.row
            fingerprint = self.vault.fingerprint(canonical([str(user), row.values()]))
            news = is_news(fingerprint, row.suppressed, known[contact_id].state)
            return Candidate(line.number, contact_id, row, fingerprint, known[contact_id], news)

        return await batch.for_each(lines, lambda line: line.number, compare)

    async def _append(self, user: UUID, news: list[Candidate], batch: Batch[Row], cause: str) -> list[Done]:
        erased = await self._make_keys(user, {one.contact_id for one in news})
        values = [{"contact_id": str(one.contact_id), **one.row.values()} for one in news]
        sealed = await seal(self.vault, user, SCHEMA, values)

        async def append(one: tuple[Candidate, dict[str, Any]]) -> Done:
            candidate, values = one
            if candidate.contact_id in erased:
                raise Erased(frozenset({candidate.contact_id}))
            kind = values.pop("type")
            event = ContactImported.of({**values, "kind": kind, "fingerprint": candidate.fingerprint})
            command = contacts.Import(event, candidate.row.suppressed)
            done = await self.histories.record(user, candidate.contact_id, command, cause, candidate.known)
            return Done(done.seq, done.happened)

        both = zip(news, sealed, strict=True)
        return await batch.for_each(both, lambda one: one[0].line, append)

    async def _make_keys(self, user: UUID, people: set[UUID]) -> frozenset[UUID]:
        """Make the keys of all at once, except of those who were erased; return these."""
        try:
            await self.vault.make_keys(user, people)
        except Erased as refused:
            return refused.people | await self._make_keys(user, people - refused.people)
        return frozenset()
