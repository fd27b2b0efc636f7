"""Imports contacts: only news is sealed and appended, many contacts at a time."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from campaigns import contacts
from campaigns.columns import CONTACTS
from campaigns.contact_rows import Objection, Row, row
from campaigns.contacts import Contact, is_news
from campaigns.history import Histories, Known
from campaigns.imports import LISTED, Import, ImportedContacts
from campaigns.reading import Batch, Done, Line, read
from campaigns.suppressing import suppress
from shared.json import canonical
from shared.keyring import Ids
from shared.log import Conflict
from shared.record_events import ContactImported
from shared.sealing import ERASED, reveal, seal
from shared.vault import Erased, Vault

PERSONAL = ("name", "email", "phone", "notes", "source", "source_url")
_TEXT = {"anyOf": [{"type": "string", "x-personal": True}, {"type": "null"}]}
SCHEMA: dict[str, Any] = {"type": "array", "items": {"properties": dict.fromkeys(PERSONAL, _TEXT)}}


@dataclass(frozen=True, slots=True)
class Of:
    """A good row and whose it is."""

    contact_id: UUID
    row: Row


@dataclass(frozen=True, slots=True)
class Candidate:
    """A good row beside what the log says of its contact; `values` are those of both, some of them sealed."""

    line: Line[Of]
    known: Known[Contact]
    values: dict[str, Any]
    fingerprint: str
    news: bool


@dataclass(frozen=True, slots=True)
class Importing:
    """The handler of `contacts.import`."""

    vault: Vault
    histories: Histories[Contact, Any]

    async def handle(self, user: UUID, request: Import, cause: str) -> ImportedContacts:
        """Import what is good and new; a repetition finds everything unchanged."""
        batch, lines, objections = await asyncio.to_thread(self._read, user, request, await self.vault.ids())
        objecting = () if request.dry_run else (line.row for line in objections)
        seq = await suppress(self.histories, user, objecting, cause)
        done: list[Done] = []
        while lines:
            candidates = await self._compare(user, batch, lines)
            news = [one for one in candidates if one.news]
            done += [Done(one.known.seq, one.news) for one in candidates if request.dry_run or not one.news]
            lines = [] if request.dry_run else await self._append(user, news, batch, cause, done)
        report = dict(batch.report(done, dry_run=request.dry_run))
        report["seq"] = max(seq, report["seq"])
        return ImportedContacts(**report, objections=tuple(line.number for line in objections[:LISTED]))

    def _read(
        self, user: UUID, request: Import, ids: Ids
    ) -> tuple[Batch[Row | Objection], list[Line[Of]], list[Line[UUID]]]:
        """Read the rows, the first of each person; whom any row says not to write to is not written to.

        Who objected is known though their row fails.
        """
        batch: Batch[Row | Objection] = read(request, CONTACTS, row)
        good, objections = list[Line[Of]](), list[Line[UUID]]()
        for number, found in batch.lines:
            person = ids.person_of(user, found.identity)
            if isinstance(found, Objection):
                batch.refuse(number, found.faults)
                objections.append(Line(number, person))
            else:
                good.append(Line(number, Of(person, found)))
        marked = {line.row.contact_id for line in good if line.row.row.suppressed}
        people = (
            Line(number, Of(of.contact_id, of.row.objecting()) if of.contact_id in marked else of)
            for number, of in good
        )
        return batch, batch.once(people, lambda of: of.contact_id), objections

    async def _compare(
        self, user: UUID, batch: Batch[Row | Objection], lines: Sequence[Line[Of]]
    ) -> list[Candidate]:
        known = await self.histories.load_many(user, [line.row.contact_id for line in lines])
        values = [line.row.row.over(known[line.row.contact_id].state.last) for line in lines]
        opened = await reveal(self.vault, user, values, unreadable=ERASED)
        ids = await self.vault.ids()

        async def compare(one: tuple[Line[Of], dict[str, Any], dict[str, Any]]) -> Candidate:
            line, values, plain = one
            before = known[line.row.contact_id]
            fingerprint = ids.fingerprint(canonical([str(user), plain]))
            news = is_news(fingerprint, values["suppressed"], before.state)
            return Candidate(line, before, values, fingerprint, news)

        both = zip(lines, values, opened, strict=True)
        return await batch.for_each(both, lambda one: one[0].number, compare)

    async def _append(
        self, user: UUID, news: list[Candidate], batch: Batch[Row | Objection], cause: str, done: list[Done]
    ) -> list[Line[Of]]:
        """Append and add to `done`; return those whose contact somebody else has changed meanwhile."""
        keys = await self.vault.make_keys(user, {one.line.row.contact_id for one in news})
        values = [{"contact_id": str(one.line.row.contact_id), **one.values} for one in news]
        sealed = await seal(self.vault, user, SCHEMA, values)
        overtaken: list[Line[Of]] = []

        async def append(one: tuple[Candidate, dict[str, Any]]) -> None:
            candidate, values = one
            contact_id = candidate.line.row.contact_id
            if contact_id not in keys:
                raise Erased
            kind = values.pop("type")
            event = ContactImported.of({**values, "kind": kind, "fingerprint": candidate.fingerprint})
            command = contacts.Import(event)
            try:
                recorded = await self.histories.record_upon(candidate.known, user, contact_id, command, cause)
            except Conflict:
                overtaken.append(candidate.line)
            else:
                done.append(Done(recorded.seq, recorded.happened))

        both = zip(news, sealed, strict=True)
        await batch.for_each(both, lambda one: one[0].line.number, append)
        return overtaken
