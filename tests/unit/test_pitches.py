"""A pitch is what was recorded of it, in whatever order, however often, but for what was corrected."""

import random
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controls import NOW, USER
from projector.fold import Record, fold
from projector.pitches import pitch
from projector.row_ids import pitch_id
from record_histories import corrected, recorded
from shared import subjects
from shared.commit import Commit
from shared.direct_get import Entry
from shared.record_events import CampaignEvent

CAMPAIGN = UUID(int=1, version=4)
PERSON = UUID(int=2, version=4)


def row(kind: str, hour: int = 0, **values: object) -> Record:
    bare = {"category": None, "corrected": False, "channel": None, "template": None, "attributes": None}
    at = NOW + timedelta(hours=hour)
    return {**bare, "propensity": None, "id": UUID(int=hour), "kind": kind, "at": at, **values}


def told(*rows: Record) -> Record:
    found = pitch(rows)
    assert found is not None
    return found


def at(hour: int) -> object:
    return NOW + timedelta(hours=hour)


def test_a_pitch_sent_twice_has_the_first_and_the_last_time_and_the_first_ones_words():
    found = told(row("sent", 5, channel="form"), row("sent", 1, channel="email", template="short"))
    assert (found["sent_at"], found["last_sent_at"], found["sends"]) == (at(1), at(5), 2)
    assert (found["channel"], found["template"]) == ("email", "short")


@pytest.mark.parametrize(
    ("kind", "category", "dates"),
    [
        ("replied", None, {"replied_at"}),
        ("replied", "other", {"replied_at"}),
        ("replied", "auto", set()),
        ("replied", "interested", {"replied_at", "positive_at"}),
        ("replied", "declined", {"replied_at", "declined_at"}),
        ("replied", "placed", {"replied_at", "positive_at", "placed_at"}),
        ("positive", None, {"replied_at", "positive_at"}),
        ("declined", None, {"replied_at", "declined_at"}),
        ("placed", None, {"replied_at", "positive_at", "placed_at"}),
        ("bounced", None, {"bounced_at"}),
        ("opened", None, set()),
        ("drafted", None, set()),
    ],
)
def test_each_kind_of_event_says_what_it_says_and_no_more(kind: str, category: str, dates: set[str]):
    found = told(row("sent"), row(kind, 2, category=category))
    ends = {name for name in found if name.endswith("_at") and "sent" not in name and found[name]}
    assert ends == dates


def test_an_answer_without_a_known_send_has_no_send_time():
    found = told(row("placed", 3))
    assert (found["sent_at"], found["sends"], found["placed_at"]) == (None, 0, at(3))


@pytest.mark.parametrize(
    ("rows", "bounced"),
    [
        ([row("sent", 1), row("bounced", 0)], 0),
        ([row("sent", 1), row("bounced", 2), row("bounced", 3)], 2),
        ([row("sent", 1), row("bounced", 2), row("sent", 3), row("bounced", 3)], 2),
        ([row("sent", 1), row("bounced", 2), row("sent", 3)], None),
        ([row("sent", 1), row("bounced", 2), row("replied", 3)], None),
        ([row("sent", 1), row("bounced", 2), row("replied", 3, category="auto")], 2),
        ([row("bounced", 2)], 2),
    ],
    ids=["clocks differ", "twice", "each time", "not again", "answered", "auto-reply", "nothing sent"],
)
def test_a_pitch_has_bounced_while_its_last_sending_has_and_nobody_answered(rows, bounced):
    assert told(*rows)["bounced_at"] == (None if bounced is None else at(bounced))


def test_what_was_corrected_did_not_happen():
    assert told(row("sent"), row("bounced", 1, corrected=True))["bounced_at"] is None
    assert pitch([row("sent", corrected=True)]) is None
    assert pitch([]) is None


def pitches(events: list[CampaignEvent], size: int) -> dict[UUID | str, Record]:
    """Fold the events in commits of `size`."""
    campaign = subjects.record(USER, "campaign", CAMPAIGN)
    entries = []
    for seq, start in enumerate(range(0, len(events), size), 1):
        part = tuple(events[start : start + size])
        body = Commit(commit_id=UUID(int=seq), at=NOW, events=part).encode(campaign)
        entries.append(Entry(seq, campaign.subject, body))
    folded = fold(entries)
    assert not folded.parked
    return folded.tables["pitches"]


@given(st.integers(0, 10**9), st.integers(1, 14), st.randoms(use_true_random=False))
def test_the_same_events_in_any_order_and_doubled_make_the_same_pitch(
    seed: int, count: int, order: random.Random
):
    chance = random.Random(seed)
    events: list[CampaignEvent] = [recorded(chance, CAMPAIGN, PERSON) for _ in range(count)]
    events += [corrected(event) for event in events if chance.random() < 0.3]
    shuffled = events + [event for event in events if order.random() < 0.3]
    order.shuffle(shuffled)
    assert pitches(shuffled, order.randint(1, 5)) == pitches(events, len(events))


def test_a_pitch_whose_every_event_is_corrected_is_no_row():
    event = recorded(random.Random(1), CAMPAIGN, PERSON)
    assert set(pitches([event], 1)) == {pitch_id(CAMPAIGN, PERSON)}
    assert pitches([event, corrected(event)], 1) == {}
    assert pitches([event, corrected(event), event], 1) == {}
