"""What had happened to a user's records before a story begins, told to the stack by its public commands."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from totalaud.client import Client

CONTACTS = "SELECT id, outlet FROM contacts WHERE user_id = $1"
COLUMNS = ("contact_id", "campaign", "event", "at", "category", "attributes")


@dataclass(frozen=True)
class Event:
    """Something that happened between a campaign and a contact; a `corrected` one is taken back at once."""

    contact_id: UUID
    kind: str
    at: datetime
    category: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    corrected: bool = False


@dataclass
class Storybook:
    """Asks as anybody would; `seq` is that of the last answer."""

    client: Client
    seq: int = 0

    async def artist(self, name: str, facts: Iterable[str] = (), **values: Any) -> UUID:
        done = await self.client.records.set_artist(name, **values)
        for text in facts:
            done |= await self.client.records.add_fact(name, text)
        return self._id(done, "artist_id")

    async def release(self, artist_id: UUID, title: str, *, kind: str, date: Any) -> UUID:
        done = await self.client.records.plan_release(str(artist_id), title, kind, str(date))
        return self._id(done, "release_id")

    async def suppress(self, outlet: str) -> None:
        done = await self.client.records.suppress((await self.contacts())[outlet])
        self._id(done, "contact_id")

    async def campaign(self, name: str, events: Iterable[Event] = (), **values: Any) -> UUID:
        """Create a campaign and import its events in their order, in one go up to each that is taken back."""
        id_ = self._id(await self.client.records.create_campaign(name, **values), "campaign_id")
        rows: list[Event] = []
        for event in events:
            if event.corrected:
                await self._import(name, rows)
                await self._take_back(name, event)
                rows = []
            else:
                rows.append(event)
        await self._import(name, rows)
        return id_

    async def contacts(self) -> dict[str, UUID]:
        """Return the ids of the user's contacts by outlet."""
        return {row["outlet"]: row["id"] for row in await self.client.tables.rows(CONTACTS, self.client.user)}

    async def read(self) -> None:
        """Wait until the tables have it."""
        await self.client.tables.caught_up(self.seq)

    async def _import(self, campaign: str, events: list[Event]) -> None:
        if not events:
            return
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        writer.writerows(_row(campaign, event) for event in events)
        report = await self.client.records.load("outreach", out.getvalue().encode())
        assert (report["failed"], report["errors"]) == (0, [])
        self.seq = max(self.seq, report["seq"])

    async def _take_back(self, campaign: str, event: Event) -> None:
        records = self.client.records
        recorded = await records.record_outreach(campaign, event.contact_id, event.kind, event.at.isoformat())
        self._id(await records.correct_outreach(campaign, recorded["outreach_id"]), "outreach_id")

    def _id(self, done: dict[str, Any], name: str) -> UUID:
        self.seq = max(self.seq, done["seq"])
        return UUID(done[name])


def outreach(contact_id: UUID, kind: str, at: datetime, **values: Any) -> Event:
    return Event(contact_id, kind, at, **values)


def taken_back(contact_id: UUID, kind: str, at: datetime) -> Event:
    return Event(contact_id, kind, at, corrected=True)


def _row(campaign: str, event: Event) -> dict[str, str]:
    return {
        "contact_id": str(event.contact_id),
        "campaign": campaign,
        "event": event.kind,
        "at": event.at.isoformat(),
        "category": event.category or "",
        "attributes": ";".join(f"{key}={value}" for key, value in event.attributes.items()),
    }
