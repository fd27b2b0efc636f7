"""Imports outreach: one commit carries many events of a campaign; a campaign may begin by its name."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from campaigns import contacts
from campaigns.campaign import Campaign, Record, is_news
from campaigns.cells import Fault
from campaigns.columns import OUTREACH
from campaigns.contacts import Contact
from campaigns.crowd import for_each
from campaigns.finding import find, locate, meant
from campaigns.history import Histories, Known
from campaigns.imports import LISTED, Import, ImportedOutreach
from campaigns.naming import as_id
from campaigns.outreach_events import event_of, is_objection, sealed
from campaigns.outreach_rows import Row, outreach
from campaigns.reading import Batch, Done, Line, read
from campaigns.suppressing import suppress
from shared.parts import parts
from shared.record_events import OutreachRecorded
from shared.refusal import Refusal
from shared.vault import Vault

COMMIT_BYTES = 500_000

Event = Line[OutreachRecorded]


@dataclass(slots=True)
class OfCampaign:
    """What a batch tells of one campaign; `name` where it is not there yet."""

    id: UUID
    known: Known[Campaign]
    name: str | None
    news: list[Event] = field(default_factory=list)
    unchanged: int = 0
    created: bool = False


@dataclass(frozen=True, slots=True)
class OutreachImporting:
    """The handler of `outreach.import`."""

    vault: Vault
    campaigns: Histories[Campaign, Any]
    contacts: Histories[Contact, Any]

    async def handle(self, user: UUID, request: Import, cause: str) -> ImportedOutreach:
        """Import what is good and new; who is written of must be a contact already."""
        batch = await asyncio.to_thread(read, request, OUTREACH, partial(outreach, now=datetime.now(UTC)))
        ids = await self.vault.ids()
        people = [meant(ids, user, line.row) for line in batch.lines]
        unknown = await self._unknown(user, set(people))
        told = await self._campaigns(user, {line.row.campaign for line in batch.lines})
        each = await asyncio.to_thread(_sort, batch, people, unknown, told)
        done = [Done(one.known.seq, happened=False) for one in each for _ in range(one.unchanged)]

        objecting = [line for one in each for line in one.news if is_objection(line.row)]

        async def append(one: OfCampaign) -> None:
            done.extend(await self._append(user, one, batch, cause))

        if request.dry_run:
            for one in each:
                done += [Done(one.known.seq, happened=True)] * len(one.news)
                one.created = bool(one.name and one.news)
        else:
            await suppress(self.contacts, user, (line.row.contact_id for line in objecting), cause)
            await for_each(each, append)
        report = batch.report(done, dry_run=request.dry_run)
        created = sorted(one.name for one in each if one.name and one.created)
        lines = tuple(sorted(line.number for line in objecting)[:LISTED])
        return ImportedOutreach(**dict(report), created=tuple(created), objections=lines)

    async def _unknown(self, user: UUID, people: set[UUID]) -> dict[UUID, Refusal]:
        """Return those of whom nothing can be recorded, and why."""
        refused: dict[UUID, Refusal] = {}
        for person, known in (await self.contacts.load_many(user, people)).items():
            try:
                contacts.check_known(known.state)
            except Refusal as refusal:
                refused[person] = refusal
        return refused

    async def _campaigns(self, user: UUID, names: set[str]) -> dict[str, OfCampaign | Refusal]:
        """Return by name what each campaign is, the same one for all of its names."""
        found: dict[str, OfCampaign | Refusal] = {}
        by_id: dict[UUID, OfCampaign] = {}

        async def look(name: str) -> None:
            look_up = locate if as_id(name) is None else find
            try:
                id_, known = await look_up(self.campaigns, user, user, name)
            except Refusal as refusal:
                found[name] = refusal
            else:
                new = name if known.state.profile is None else None
                found[name] = by_id.setdefault(id_, OfCampaign(id_, known, new))

        await for_each(sorted(names), look)
        return found

    async def _append(self, user: UUID, told: OfCampaign, batch: Batch[Row], cause: str) -> list[Done]:
        done: list[Done] = []
        closed = await sealed(self.vault, user, [event.row for event in told.news])
        lines = [Line(line.number, event) for line, event in zip(told.news, closed, strict=True)]
        known: Known[Campaign] | None = told.known
        for part in parts(lines, _bytes, most=COMMIT_BYTES):
            command = Record(tuple(line.row for line in part), told.name)
            try:
                recorded = await self.campaigns.record(user, told.id, command, cause, known)
            except Refusal as refusal:
                for line in part:
                    batch.refuse(line.number, [Fault(refusal.field, refusal.message)])
                continue
            new = {event.outreach_id for event in recorded.events if isinstance(event, OutreachRecorded)}
            told.created |= len(new) < len(recorded.events)
            done += [Done(recorded.seq, line.row.outreach_id in new) for line in part]
            known = None
        return done


def _bytes(event: Event) -> int:
    return len(event.row.to_json())


def _sort(
    batch: Batch[Row],
    people: list[UUID],
    unknown: dict[UUID, Refusal],
    campaigns: dict[str, OfCampaign | Refusal],
) -> list[OfCampaign]:
    """Give each campaign its news; what cannot be recorded is an error of its line."""
    found: list[Line[tuple[OfCampaign, OutreachRecorded]]] = []
    for line, person in zip(batch.lines, people, strict=True):
        told = campaigns[line.row.campaign]
        if person in unknown:
            field = "contact_id" if line.row.contact_id else "contact_email"
            batch.refuse(line.number, [Fault(field, unknown[person].message)])
        elif isinstance(told, Refusal):
            batch.refuse(line.number, [Fault(told.field, told.message)])
        else:
            found.append(Line(line.number, (told, event_of(told.id, person, line.row))))
    for number, (of, event) in batch.once(found, lambda one: one[1].outreach_id):
        try:
            news = is_news(event, of.known.state)
        except Refusal as refusal:
            batch.refuse(number, [Fault(refusal.field, refusal.message)])
            continue
        if news:
            of.news.append(Line(number, event))
        else:
            of.unchanged += 1
    return list({one.id: one for one in campaigns.values() if isinstance(one, OfCampaign)}.values())
