"""Random histories of campaigns' records: late, doubled, corrected, of two users, many events in a commit."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID, uuid5

from controls import NOW
from histories import Written
from shared import subjects
from shared.commit import Commit
from shared.record_events import (
    ArtistSet,
    CampaignClosed,
    CampaignCreated,
    ContactErased,
    ContactImported,
    ContactSuppressed,
    CoverageImported,
    FactAdded,
    FactRemoved,
    MetricDay,
    MetricsImported,
    NameGiven,
    ObjectionWithdrawn,
    OpportunityImported,
    OutreachCorrected,
    OutreachRecorded,
    RecordEvent,
    ReleasePlanned,
)

PEOPLE = 12
KINDS = (
    "drafted", "approved", "sent", "sent", "bounced", "opened", "replied", "positive", "declined", "placed"
)  # fmt: skip
CATEGORIES = ("interested", "placed", "declined", "objected", "auto", "other", None)
NAMES = {"contact": PEOPLE, "artist": 3, "release": 3, "campaign": 3, "opportunity": 4, "coverage": 4}


def recorded(chance: random.Random, campaign: UUID, contact: UUID) -> OutreachRecorded:
    """Something that happened in one of four hours, so that some of it happens at once or twice."""
    kind = chance.choice(KINDS)
    at = NOW + timedelta(hours=chance.randint(0, 3))
    told = f"{contact}|{kind}|{at.isoformat()}"
    sealed = {"$sealed": str(contact), "n": "bg==", "c": "Yw=="}
    facts = random.Random(told)
    return OutreachRecorded(
        outreach_id=uuid5(campaign, told),
        contact_id=contact,
        kind=kind,
        at=at,
        channel=facts.choice(("email", "form", None)),
        template=facts.choice(("first", "short", None)),
        detail=sealed if kind == "replied" else None,
        category=facts.choice(CATEGORIES) if kind == "replied" else None,
        attributes={"hook": facts.choice(("ünïcode", "plain"))} if facts.random() < 0.5 else {},
        propensity=facts.choice((None, 0.25)),
    )


def corrected(event: OutreachRecorded) -> OutreachCorrected:
    return OutreachCorrected(outreach_id=event.outreach_id, contact_id=event.contact_id)


def record_stories(seed: int, commits: int = 200) -> Iterator[Written]:
    """Commits of every noun; a campaign is created by its first."""
    chance = random.Random(seed)
    users = [UUID(int=chance.getrandbits(128), version=4) for _ in range(2)]
    begun: set[UUID] = set()
    for number in range(1, commits + 1):
        user = chance.choice(users)
        noun = chance.choice((*NAMES, "campaign", "campaign"))
        id_ = uuid5(user, f"{noun}/{chance.randrange(NAMES[noun])}")
        events = [event for _ in range(chance.randint(1, 6)) for event in _happens(chance, user, noun, id_)]
        if noun == "campaign" and id_ not in begun:
            begun.add(id_)
            events.insert(0, CampaignCreated(name=f"campaign {number}"))
        commit = Commit(
            commit_id=UUID(int=chance.getrandbits(128), version=4),
            at=NOW + timedelta(seconds=number),
            events=tuple(events),
        )
        yield subjects.record(user, noun, id_), commit


def _happens(chance: random.Random, user: UUID, noun: str, id_: UUID) -> Iterator[RecordEvent]:
    roll = chance.random()
    match noun:
        case "campaign" if roll < 0.05:
            yield CampaignClosed()
        case "campaign" | "artist" | "release" if roll > 0.97:
            yield NameGiven(to=uuid5(user, f"{noun}/0"))
        case "campaign" if roll < 0.1:
            yield CampaignCreated(name="renamed", artist_id=uuid5(user, "artist/0"), genres=("synthpop",))
        case "campaign":
            event = recorded(chance, id_, uuid5(user, f"contact/{chance.randrange(PEOPLE)}"))
            both = [event, corrected(event)]
            chance.shuffle(both)
            yield from both if roll < 0.3 else [event]
        case "contact":
            yield _of_contact(chance, id_)
        case "artist":
            yield _of_artist(chance, id_)
        case _:
            yield _of_market(chance, noun, uuid5(user, "artist/0"))


def _of_contact(chance: random.Random, id_: UUID) -> RecordEvent:
    roll = chance.random()
    if roll < 0.1:
        return ContactErased()
    if roll < 0.3:
        return ContactSuppressed()
    if roll < 0.35:
        return ObjectionWithdrawn()
    sealed = {"$sealed": str(id_), "n": "bg==", "c": "Yw=="}
    return ContactImported(
        name=sealed, outlet="Radio Nowhere", kind="radio", genres=("Dream Pop",), suppressed=roll < 0.45,
        fingerprint=str(roll),
    )  # fmt: skip


def _of_artist(chance: random.Random, id_: UUID) -> RecordEvent:
    roll, fact = chance.random(), chance.randrange(3)
    if roll < 0.2:
        return ArtistSet(name="Nobody", genres=("Synth-Pop",), mine=roll < 0.1, mbid=id_)
    if roll < 0.5:
        return FactAdded(
            fact_id=uuid5(id_, f"fact/{fact}"), text=f"fact {roll}", valid_to=date(2027, 1, fact + 1)
        )
    if roll < 0.7:
        return FactRemoved(fact_id=uuid5(id_, f"fact/{fact}"))
    days = tuple(
        MetricDay(metric="streams", day=date(2026, 1, chance.randint(1, 9)), value=chance.random())
        for _ in range(chance.randint(0, 9))
    )
    return MetricsImported(days=days, source="spotify")


def _of_market(chance: random.Random, noun: str, artist: UUID) -> RecordEvent:
    day = date(2026, 5, chance.randint(1, 28))
    match noun:
        case "release":
            return ReleasePlanned(
                artist_id=artist, title="Nothing", kind="ep", date=day, links=("example.org",)
            )
        case "opportunity":
            return OpportunityImported(
                title="Open call", kind="festival", deadline=day, cost=12.5, currency="EUR",
                genres=("Dream Pop",), regions=("UK",), rules={"max_tracks": 3},
            )  # fmt: skip
        case _:
            return CoverageImported(artist="Björk & Co", outlet="Radio Nowhere", date=day, genres=("pop",))
