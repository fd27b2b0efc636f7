"""What had happened to a user's records before a story begins, written into the log of a test's stack."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4, uuid5

from shared import subjects
from shared.commit import Commit
from shared.jetstream_log import JetStreamLog
from shared.record_events import (
    ArtistSet,
    CampaignCreated,
    ContactSuppressed,
    FactAdded,
    OutreachCorrected,
    OutreachRecorded,
    RecordEvent,
    ReleasePlanned,
)
from totalaud.client import Client

MOST_EVENTS = 2000
CONTACTS = "SELECT id, outlet FROM contacts WHERE user_id = $1"


@dataclass
class Storybook:
    """Appends as the campaigns service does; `seq` is that of the last commit."""

    client: Client
    seq: int = 0

    async def artist(self, name: str, facts: Iterable[str] = (), **values) -> UUID:
        id_ = uuid5(self.client.user, f"artist/{name}")
        told = (FactAdded(fact_id=uuid5(id_, f"fact/{text}"), text=text) for text in facts)
        await self._happens("artist", id_, [ArtistSet(name=name, **values), *told])
        return id_

    async def release(self, artist_id: UUID, title: str, **values) -> UUID:
        id_ = uuid5(artist_id, f"release/{title}")
        await self._happens("release", id_, [ReleasePlanned(artist_id=artist_id, title=title, **values)])
        return id_

    async def suppress(self, outlet: str) -> None:
        await self._happens("contact", (await self.contacts())[outlet], [ContactSuppressed()])

    async def campaign(self, name: str, events: Iterable[RecordEvent] = (), **values) -> UUID:
        id_ = uuid5(self.client.user, f"campaign/{name}")
        left: list[RecordEvent] = [CampaignCreated(name=name, **values), *events]
        while left:
            await self._happens("campaign", id_, left[:MOST_EVENTS])
            left = left[MOST_EVENTS:]
        return id_

    async def contacts(self) -> dict[str, UUID]:
        """Return the ids of the user's contacts by outlet."""
        return {row["outlet"]: row["id"] for row in await self.client.tables.rows(CONTACTS, self.client.user)}

    async def read(self) -> None:
        """Wait until the tables have it."""
        await self.client.tables.caught_up(self.seq)

    async def _happens(self, noun: str, id_: UUID, events: list[RecordEvent]) -> None:
        aggregate = subjects.record(self.client.user, noun, id_)
        log = JetStreamLog(self.client.bus)
        past = await log.load(aggregate)
        commit = Commit(commit_id=uuid4(), at=datetime.now(UTC), events=tuple(events))
        self.seq = await log.append(aggregate, commit, expected=past.seq)


def outreach(contact_id: UUID, kind: str, at: datetime, **values) -> OutreachRecorded:
    """Something that happened between a campaign and a contact; the same twice has the same id."""
    id_ = uuid5(contact_id, f"{kind}|{at.isoformat()}")
    return OutreachRecorded(outreach_id=id_, contact_id=contact_id, kind=kind, at=at, **values)


def corrected(event: OutreachRecorded) -> OutreachCorrected:
    return OutreachCorrected(outreach_id=event.outreach_id, contact_id=event.contact_id)
