"""What the campaigns service remembers of its records, and what it reads again."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from campaigns.contacts import Import
from campaigns.history import Histories
from campaigns.main import ARTIST, CAMPAIGN, CONTACT, KEPT_EVENTS
from controls import NOW, USER
from shared import subjects
from shared.commit import Commit
from shared.log import Conflict, MemoryLog, Past
from shared.record_events import (
    ArtistSet,
    ContactErased,
    ContactEvent,
    ContactImported,
    ContactSuppressed,
    FactAdded,
    MetricDay,
    MetricsImported,
    OutreachRecorded,
)
from shared.subjects import Aggregate

NOBODY = ArtistSet(name="Nobody")


@dataclass
class Watched(MemoryLog):
    """Keeps from where it was read."""

    read: list[int] = field(default_factory=list)

    async def load(self, aggregate: Aggregate, after: int = 0) -> Past:
        self.read.append(after)
        return await super().load(aggregate, after)


def fact(text: str) -> FactAdded:
    return FactAdded(fact_id=uuid4(), text=text)


async def told(histories: Histories, id_: UUID, *events) -> None:
    for event in events:
        await histories.record(USER, id_, event, "test")


async def test_only_what_came_since_is_read_again():
    log, id_ = Watched(), uuid4()
    ours, others = Histories(log, ARTIST, keep=100), Histories(log, ARTIST)
    await told(ours, id_, NOBODY, fact("a"))
    await told(others, id_, fact("b"))
    log.read.clear()
    known = await ours.load(USER, id_)
    assert (log.read, known.seq, len(known.state.facts)) == ([2], 3, 2)


class Slow(Watched):
    """Counts what was not stored since something else was before it; reading and storing take their time."""

    conflicts = 0

    async def load(self, aggregate: Aggregate, after: int = 0) -> Past:
        past = await super().load(aggregate, after)
        await asyncio.sleep(0)
        return past

    async def append(self, aggregate: Aggregate, commit: Commit, *, expected: int) -> int:
        await asyncio.sleep(0)
        try:
            return await super().append(aggregate, commit, expected=expected)
        except Conflict:
            self.conflicts += 1
            raise


async def test_many_commands_on_one_record_read_its_past_once_and_are_each_decided_once():
    log, id_ = Slow(), uuid4()
    await told(Histories(log, ARTIST), id_, NOBODY, fact("a"))
    log.read.clear()
    histories = Histories(log, ARTIST, keep=100)
    known = await asyncio.gather(*(histories.load(USER, id_) for _ in range(7)))
    assert log.read == [0, 2, 2, 2, 2, 2, 2]
    await asyncio.gather(*(histories.record(USER, id_, fact("b"), "test", one) for one in known))
    assert (log.conflicts, len((await histories.load(USER, id_)).state.facts)) == (0, 8)


async def test_what_does_not_fit_is_read_whole_again():
    log, first, second = Watched(), uuid4(), uuid4()
    histories = Histories(log, ARTIST, keep=3)
    await told(histories, first, NOBODY, fact("a"))
    await told(histories, second, NOBODY, fact("b"))
    log.read.clear()
    assert (await histories.load(USER, second)).seq == 4
    assert (await histories.load(USER, first)).seq == 2
    assert log.read == [4, 0]


async def test_the_record_that_went_on_longest_ago_is_read_again_where_not_all_fit():
    log, (first, second, third) = Watched(), (uuid4() for _ in range(3))
    histories = Histories(log, ARTIST, keep=5)
    for id_ in (first, second):
        await told(histories, id_, NOBODY, fact("a"))
    await told(histories, first, fact("b"))
    await told(histories, third, NOBODY)
    log.read.clear()
    for id_ in (first, third, second):
        await histories.load(USER, id_)
    assert log.read == [5, 6, 0]


async def test_a_file_in_which_long_campaigns_take_turns_reads_none_of_them_again():
    log, ids = Watched(), [uuid4() for _ in range(5)]
    sent = OutreachRecorded(outreach_id=uuid4(), contact_id=uuid4(), kind="sent", at=NOW)
    histories = Histories(log, CAMPAIGN, keep=KEPT_EVENTS)
    for id_ in ids:
        commit = Commit(commit_id=uuid4(), at=NOW, events=(sent,) * 40_000)
        await log.append(subjects.record(USER, "campaign", id_), commit, expected=0)
        await histories.load(USER, id_)
    log.read.clear()
    for id_ in ids:
        await histories.load(USER, id_)
    assert 0 not in log.read


async def test_each_value_of_a_file_of_metrics_takes_room_of_its_own():
    log, first, second = Watched(), uuid4(), uuid4()
    histories = Histories(log, ARTIST, keep=100)
    days = tuple(
        MetricDay(metric="streams", day=NOW.date() - timedelta(days=n), value=1.0) for n in range(60)
    )
    for id_ in (first, second):
        await told(histories, id_, NOBODY, MetricsImported(days=days))
    log.read.clear()
    for id_ in (second, first):
        await histories.load(USER, id_)
    assert log.read == [4, 0]


async def test_one_record_is_remembered_however_long_it_is():
    log, id_ = Watched(), uuid4()
    histories = Histories(log, ARTIST, keep=2)
    await told(histories, id_, NOBODY, *(fact(str(n)) for n in range(9)))
    log.read.clear()
    assert len((await histories.load(USER, id_)).state.facts) == 9
    assert log.read == [10]


async def test_a_guess_that_was_wrong_costs_another_load_and_nothing_else():
    log, id_ = MemoryLog(), uuid4()
    histories = Histories(log, ARTIST)
    await told(histories, id_, NOBODY)
    done = await histories.record(USER, id_, NOBODY, "test", histories.nothing)
    assert (done.happened, done.seq, await log.last_seq()) == (False, 1, 1)


async def test_what_is_remembered_of_a_log_that_lost_its_end_is_forgotten():
    log, shorter, id_ = MemoryLog(), MemoryLog(), uuid4()
    histories = Histories(log, ARTIST, keep=100)
    await told(Histories(shorter, ARTIST), id_, NOBODY)
    await told(histories, id_, NOBODY, fact("lost"))
    log.__dict__.update(shorter.__dict__)
    async with asyncio.timeout(5):
        done = await histories.record(USER, id_, fact("new"), "test")
    assert (done.seq, len((await histories.load(USER, id_)).state.facts)) == (2, 1)


async def test_a_last_commit_makes_up_for_the_others_where_it_says_all():
    log = MemoryLog()
    imported = ContactImported(fingerprint="one")
    stories = ([imported], [imported, ContactSuppressed()], [imported, ContactErased()], [])
    ids = [uuid4() for _ in stories]
    for id_, events in zip(ids, stories, strict=True):
        for event in events:
            await append(log, id_, event)
    known = await Histories(log, CONTACT).load_many(USER, ids)
    assert [known[id_].state.fingerprint for id_ in ids] == ["one", "one", None, None]
    assert [known[id_].state.erased for id_ in ids] == [False, False, True, False]
    assert [known[id_].seq for id_ in ids] == [1, 3, 5, 0]


async def test_what_a_last_commit_says_is_not_remembered_as_all_there_is():
    log, id_ = MemoryLog(), uuid4()
    for event in (ContactSuppressed(), ContactImported(fingerprint="one")):
        await append(log, id_, event)
    histories = Histories(log, CONTACT)
    known = (await histories.load_many(USER, [id_]))[id_]
    await histories.record_upon(known, USER, id_, Import(ContactImported(fingerprint="two")), "test")
    assert (await histories.load(USER, id_)).state.suppressed


async def append(log: MemoryLog, contact_id: UUID, event: ContactEvent) -> None:
    aggregate = subjects.contact(USER, contact_id)
    commit = Commit(commit_id=uuid4(), at=NOW, events=(event,))
    await log.append(aggregate, commit, expected=(await log.load(aggregate)).seq)
