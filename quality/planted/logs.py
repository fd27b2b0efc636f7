"""Logs of one campaign whose counts are known, with what goes wrong in real ones mixed in."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from projector.fold import fold
from quality.generator import SPACE
from quality.harness import NOW
from shared import subjects
from shared.commit import Commit
from shared.direct_get import Entry
from shared.record_events import CampaignCreated, CampaignEvent, OutreachCorrected, OutreachRecorded

LOGS, PITCHES = 6, 60
DOUBLED, CORRECTED, LATE = 0.2, 0.1, 0.15
MOST_OF_A_COMMIT = 7
OUTCOMES = ("silent", "silent", "silent", "bounced", "replied", "positive", "declined", "placed", "auto")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Planted:
    """`truth` is the funnel of the last seven days, known before anything was mixed up."""

    user: UUID
    campaign: Json
    events: list[CampaignEvent]
    truth: dict[str, int]


def planted(seed: int, number: int) -> Planted:
    """Draw sixty pitches; half of them were sent this week, and false events are taken back."""
    chance = random.Random(seed * 1000 + number)
    user = uuid5(SPACE, f"log/{seed}/{number}")
    act = uuid5(user, "campaign")
    truth = dict.fromkeys(("sent", "bounced", "replied", "positive", "placed", "declined", "pending"), 0)
    events: list[CampaignEvent] = []
    for person in range(PITCHES):
        to = uuid5(user, f"contact/{person}")
        sent = NOW - timedelta(hours=chance.uniform(2, 6.9 * 24) + (7 * 24 if person % 2 else 0))
        outcome = chance.choice(OUTCOMES)
        events += _happened(to, sent, outcome, chance)
        if person % 2 == 0:
            _count(truth, outcome)
        if chance.random() < CORRECTED:
            false = _event(to, chance.choice(("bounced", "replied", "placed")), sent + timedelta(minutes=1))
            events += [false, OutreachCorrected(outreach_id=false.outreach_id, contact_id=to)]
    return Planted(user, {"id": act, "user_id": user, "name": "Campaign"}, _mixed(events, chance), truth)


def pitches_of(log: Planted, other: int = 0) -> list[Json]:
    """Fold the log as the projector does, commit by commit; of other sizes where `other` differs."""
    chance = random.Random(len(log.events) + other)
    campaign = subjects.record(log.user, "campaign", log.campaign["id"])
    left: list[CampaignEvent] = [CampaignCreated(name="Campaign"), *log.events]
    entries = []
    while left:
        size = chance.randint(1, MOST_OF_A_COMMIT)
        seq = len(entries) + 1
        commit = Commit(commit_id=UUID(int=seq), at=NOW, events=tuple(left[:size]))
        entries.append(Entry(seq, campaign.subject, commit.encode(campaign)))
        left = left[size:]
    folded = fold(entries)
    if folded.parked:
        raise AssertionError(f"the log could not be folded: {folded.parked}")
    return list(folded.tables["pitches"].values())


def _happened(to: UUID, sent: datetime, outcome: str, chance: random.Random) -> list[CampaignEvent]:
    after = sent + timedelta(hours=chance.uniform(0.1, 1.9))
    told: list[CampaignEvent] = [_event(to, "drafted", sent - timedelta(days=1)), _event(to, "sent", sent)]
    if chance.random() < 0.5:
        told.append(_event(to, "opened", sent + timedelta(minutes=5)))
    match outcome:
        case "silent":
            return told
        case "auto":
            return [*told, _event(to, "replied", after, category="auto")]
        case "positive":
            return [*told, _event(to, "replied", after), _event(to, "positive", after + timedelta(minutes=1))]
        case _:
            return [*told, _event(to, outcome, after)]


def _count(truth: dict[str, int], outcome: str) -> None:
    truth["sent"] += 1
    truth["pending"] += outcome in ("silent", "auto")
    truth["bounced"] += outcome == "bounced"
    truth["replied"] += outcome in ("replied", "positive", "declined", "placed")
    truth["positive"] += outcome in ("positive", "placed")
    truth["declined"] += outcome == "declined"
    truth["placed"] += outcome == "placed"


def _mixed(events: list[CampaignEvent], chance: random.Random) -> list[CampaignEvent]:
    """Tell some twice, some late, and neighbours in any order."""
    late = [event for event in events if chance.random() < LATE]
    told = [event for event in events if event not in late]
    told += [event for event in events if chance.random() < DOUBLED]
    chance.shuffle(told)
    return told + late


def _event(to: UUID, kind: str, at: datetime, **values: Any) -> OutreachRecorded:
    id_ = uuid5(to, f"{kind}|{at.isoformat()}")
    return OutreachRecorded.of({"outreach_id": id_, "contact_id": to, "kind": kind, "at": at, **values})
