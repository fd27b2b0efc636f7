"""Following a session: each commit once, in order, none missing, whatever the feed loses."""

import asyncio
from itertools import pairwise
from typing import Any, cast
from uuid import UUID

import pytest
from nats.errors import FlushTimeoutError

from shared import json
from shared.bus import Bus
from shared.listening import Heard
from shared.refusal import Refusal
from shared.subjects import Aggregate, session
from totalaud.errors import Unreachable
from totalaud.following import OUTAGE_S, Page, follow
from totalaud.logged import Logged, Merge

USER, ID = UUID(int=1), UUID(int=2)


def commit(seq: int, *events: str) -> Logged:
    return Logged(seq, f"c-{seq}", "2026-01-01T00:00:00Z", tuple({"type": event} for event in events))


STARTED, STEP, DONE = commit(3, "SessionStarted"), commit(5, "StepCompleted"), commit(9, "SessionCompleted")


LOG_AWAY = Refusal("unavailable", None, "the service could not do it now: ask again")


def test_a_commit_is_taken_once():
    merge = Merge()
    assert [merge.take(STARTED), merge.take(STARTED), merge.take(STEP)] == [True, False, True]


def test_what_lies_before_the_wanted_sequence_is_neither_taken_nor_missed():
    merge = Merge(from_seq=5)
    assert not merge.take(STARTED)
    assert not merge.lacks(3)
    assert merge.take(STEP)


def test_an_end_before_the_wanted_sequence_is_an_end():
    merge = Merge(from_seq=10)
    assert not any(map(merge.take, (STARTED, STEP, DONE)))
    assert merge.ended


def test_a_feed_that_skipped_a_commit_is_noticed():
    merge = Merge()
    merge.take(STARTED)
    assert merge.lacks(5)
    assert not merge.lacks(3)


def test_a_retried_session_has_not_ended():
    merge = Merge()
    for each in (STARTED, commit(6, "StepFailed", "SessionFailed"), commit(7, "SessionRetried")):
        merge.take(each)
    assert not merge.ended


class Feed:
    """A log of one session whose live side the test plays by hand."""

    def __init__(self, *stored: Logged, page: int = 1000) -> None:
        self.stored = list(stored)
        self.page = page
        self.reads: list[int] = []
        self.read_at: list[float] = []
        self.away = 0
        self.outage: Exception = Unreachable("no orchestrator answers")
        self.client = self
        self.is_closed = False
        self.stats = {"reconnects": 0}
        self.unheard = False
        self.slow = False
        self._hear: Any = None

    async def listen(self, subject: str, handle: Any) -> "Feed":
        assert subject == f"feed.{USER}.session.{ID}"
        self._hear = handle
        return self

    async def settled(self, _timeout: float) -> None:
        if self.slow:
            await asyncio.sleep(60)
        if self.unheard:
            raise FlushTimeoutError

    async def unsubscribe(self) -> None:
        self._hear = None

    async def read(self, from_seq: int) -> Page:
        if self.away:
            self.away -= 1
            raise self.outage
        self.reads.append(from_seq)
        self.read_at.append(asyncio.get_running_loop().time())
        found = [each for each in self.stored if each.seq >= from_seq]
        return found[: self.page], len(found) > self.page

    async def append(self, each: Logged, *, live: bool = True) -> None:
        previous = self.stored[-1].seq if self.stored else 0
        self.stored.append(each)
        if live:
            headers = {"Nats-Sequence": str(each.seq), "Nats-Last-Sequence": str(previous)}
            body = json.dumps({"commit_id": each.commit_id, "at": each.at, "events": list(each.events)})
            await self._hear(Heard("feed", body, headers, cast("Any", None)))

    def follow(self, from_seq: int = 0, *, answered: bool = False) -> Any:
        aggregate: Aggregate = session(USER, ID)
        return follow(cast("Bus", self), aggregate, self.read, from_seq, answered=answered)


async def test_history_comes_first_and_the_feed_goes_on():
    feed = Feed(STARTED)
    watch = feed.follow()
    assert await anext(watch) == STARTED
    await feed.append(STEP)
    await feed.append(DONE)
    assert [each async for each in watch] == [STEP, DONE]
    assert feed.reads == [1]


async def test_a_commit_that_the_feed_lost_is_read_from_the_log():
    feed = Feed(STARTED)
    watch = feed.follow()
    await anext(watch)
    await feed.append(STEP, live=False)
    await feed.append(DONE)
    assert [each async for each in watch] == [STEP, DONE]


async def test_what_a_slow_reader_has_not_read_is_not_all_kept_but_read_from_the_log():
    feed = Feed(STARTED)
    watch = feed.follow()
    await anext(watch)
    steps = [commit(STARTED.seq + 1 + number, "StepCompleted") for number in range(100)]
    end = commit(steps[-1].seq + 1, "SessionCompleted")
    for each in (*steps, end):
        await feed.append(each)
    assert [each async for each in watch] == [*steps, end]
    assert feed.reads == [1, steps[0].seq]


async def test_a_silent_feed_is_asked_after(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("totalaud.following.SILENCE_S", 0.01)
    feed = Feed(STARTED)
    watch = feed.follow()
    await anext(watch)
    await feed.append(DONE, live=False)
    assert [each async for each in watch] == [DONE]


async def test_a_log_that_has_nothing_to_tell_is_asked_twice_as_late_each_time(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("totalaud.following.SILENCE_S", 0.01)
    feed = Feed(STARTED)
    watch = feed.follow()
    await anext(watch)
    going_on = asyncio.ensure_future(anext(watch))
    while len(feed.read_at) < 6:
        await asyncio.sleep(0.005)
    silences = [later - before for before, later in pairwise(feed.read_at)]
    assert all(took >= 0.01 * times for took, times in zip(silences, (1, 2, 4, 8, 10), strict=False))
    await feed.append(STEP)
    assert await going_on == STEP


async def test_after_a_reconnect_a_silent_feed_is_asked_after_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("totalaud.following.SILENCE_S", 0.001)
    monkeypatch.setattr("totalaud.following.MOST_SILENCES", 10_000)
    feed = Feed(STARTED)
    watch = feed.follow()
    await anext(watch)
    end = asyncio.ensure_future(anext(watch))
    while len(feed.read_at) < 9:
        await asyncio.sleep(0.001)
    monkeypatch.setattr("totalaud.following.SILENCE_S", 0.1)
    await feed.append(DONE, live=False)
    feed.stats["reconnects"] += 1
    async with asyncio.timeout(10):
        assert await end == DONE


async def test_an_ended_session_is_told_from_its_history_alone():
    assert [each async for each in Feed(STARTED, STEP, DONE, page=1).follow()] == [STARTED, STEP, DONE]


async def test_whoever_asks_for_what_follows_the_end_is_told_nothing_and_not_kept_waiting():
    async with asyncio.timeout(1):
        assert [each async for each in Feed(STARTED, STEP, DONE).follow(from_seq=10)] == []


async def test_a_retry_after_a_failure_is_followed_across_pages():
    failed, again = commit(6, "SessionFailed"), commit(7, "SessionRetried")
    feed = Feed(STARTED, failed, again, DONE, page=2)
    assert [each async for each in feed.follow()] == [STARTED, failed, again, DONE]


async def test_nobody_there_at_the_start_is_said():
    feed = Feed()
    feed.away = 1
    with pytest.raises(Unreachable):
        await anext(feed.follow())


async def test_whoever_was_answered_before_waits_for_somebody_at_the_start_too(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("totalaud.following.SILENCE_S", 0.01)
    feed = Feed(STARTED, DONE)
    feed.away = 3
    assert [each async for each in feed.follow(answered=True)] == [STARTED, DONE]


@pytest.mark.parametrize("outage", [Unreachable("no orchestrator answers"), LOG_AWAY])
async def test_an_outage_in_between_is_waited_through(outage: Exception, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("totalaud.following.SILENCE_S", 0.01)
    feed = Feed(STARTED)
    watch = feed.follow()
    await anext(watch)
    feed.away, feed.outage = 3, outage
    await feed.append(DONE, live=False)
    assert [each async for each in watch] == [DONE]


async def test_an_outage_begins_when_nobody_answers_however_long_nobody_had_to_ask(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("totalaud.following.SILENCE_S", 0.01)
    feed = Feed(STARTED)
    watch = feed.follow()
    await anext(watch)
    later = asyncio.get_running_loop().time() + 10 * OUTAGE_S
    monkeypatch.setattr("totalaud.following._now", lambda: later)
    feed.away = 3
    await feed.append(DONE, live=False)
    assert [each async for each in watch] == [DONE]


async def test_a_log_that_is_away_at_the_start_is_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("totalaud.following.SILENCE_S", 0.01)
    feed = Feed(STARTED, DONE)
    feed.away, feed.outage = 3, LOG_AWAY
    assert [each async for each in feed.follow()] == [STARTED, DONE]


async def test_a_log_that_stays_away_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("totalaud.following.SILENCE_S", 0.01)
    monkeypatch.setattr("totalaud.following.OUTAGE_S", 0.05)
    feed = Feed(STARTED)
    feed.away, feed.outage = 1_000_000, LOG_AWAY
    with pytest.raises(Refusal, match="ask again"):
        await anext(feed.follow())


async def test_a_refusal_is_no_outage():
    feed = Feed(STARTED)
    watch = feed.follow()
    await anext(watch)
    feed.away, feed.outage = 1, Refusal("unreadable_history", None, "a commit cannot be read")
    await feed.append(DONE, live=False)
    with pytest.raises(Refusal, match="cannot be read"):
        await anext(watch)


async def test_an_outage_between_two_pages_is_no_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("totalaud.following.SILENCE_S", 0.01)
    failed, again = commit(6, "SessionFailed"), commit(7, "SessionRetried")
    feed = Feed(STARTED, failed, again, DONE, page=2)
    watch = feed.follow()
    await anext(watch)
    feed.away = 1
    assert [each async for each in watch] == [failed, again, DONE]


async def test_a_server_that_does_not_say_that_it_listens_is_followed_by_the_log():
    feed = Feed(STARTED, STEP, DONE)
    feed.unheard = True
    assert [each async for each in feed.follow()] == [STARTED, STEP, DONE]


async def test_leaving_early_takes_the_subscription_back():
    feed = Feed(STARTED)
    watch = feed.follow()
    await anext(watch)
    await watch.aclose()
    await asyncio.sleep(0)
    assert feed._hear is None


async def test_whoever_gives_up_before_the_server_listens_leaves_no_subscription():
    feed = Feed(STARTED)
    feed.slow = True
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await anext(feed.follow())
    assert feed._hear is None
