"""What an orchestrator remembers of sessions is bounded, and what is forgotten is read again."""

import asyncio
import tracemalloc
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from controls import NOW, SESSION, USER, claim, failure, later, report, start, usage
from orchestrator import sessions as module
from orchestrator.asked import Cancel, Command, SetSessionBudget, WakeUp
from orchestrator.sessions import Sessions
from shared.commit import Commit
from shared.events import SessionCancelled
from shared.log import MemoryLog, Past
from shared.subjects import Aggregate, session


class CountedLog(MemoryLog):
    """A log that counts how often it is read."""

    read = most_at_once = _now = 0

    async def page(self, aggregate: Aggregate, after: int | datetime, *, most: int, most_bytes: int) -> Past:
        self.read += 1
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        await asyncio.sleep(0)
        self._now -= 1
        return await super().page(aggregate, after, most=most, most_bytes=most_bytes)


class Orchestrator:
    """One that has begun sessions, each with a text of so many characters."""

    def __init__(self) -> None:
        self.log = CountedLog()
        self._sessions = Sessions(self.log)

    async def do(self, number: int, command: Command) -> None:
        await self._sessions.decide(session(USER, UUID(int=number)), command, supposed_new=True)

    async def begin(self, *lengths: int) -> None:
        for number, length in enumerate(lengths, 1):
            await self.do(number, start(1, input={"text": "x" * length}))

    async def remembers(self, *numbers: int) -> list[int]:
        """Tell which of them need no reading; ask for the newest first."""
        found = []
        for number in numbers:
            self.log.read = 0
            await self._sessions.load(session(USER, UUID(int=number)))
            if not self.log.read:
                found.append(number)
        return found


async def test_the_session_that_went_on_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "CACHED", 3)
    one = Orchestrator()
    await one.begin(1, 1, 1)
    await one.do(1, SetSessionBudget(Decimal(1)))
    await one.do(4, start(1))
    assert await one.remembers(4, 1, 3, 2) == [4, 1, 3]


async def test_large_sessions_are_forgotten_before_there_are_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "CACHED_BYTES", 100_000)
    one = Orchestrator()
    await one.begin(20_000, 1, 20_000, 20_000)
    assert await one.remembers(4, 3, 2, 1) == [4, 3, 2]


async def test_what_ended_takes_no_room(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "CACHED_BYTES", 100_000)
    one = Orchestrator()
    await one.begin(20_000, 20_000)
    await one.do(1, Cancel())
    await one.do(3, start(1, input={"text": "x" * 20_000}))
    assert await one.remembers(3, 2) == [3, 2]


async def test_what_ended_and_is_much_to_read_is_remembered(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "PAGE_BYTES", 10_000)
    one = Orchestrator()
    await one.begin(20_000, 1)
    await one.do(1, Cancel())
    await one.do(2, Cancel())
    assert await one.remembers(2, 1) == [1]


async def test_of_each_user_a_few_pasts_are_read_at_a_time():
    log = CountedLog()
    runs = [session(USER, UUID(int=number)) for number in range(20)]
    for aggregate in runs:
        await Sessions(log).decide(aggregate, start(1), supposed_new=True)
    log.most_at_once, sessions = 0, Sessions(log)
    await asyncio.gather(*(sessions.load(aggregate) for aggregate in runs))
    assert log.most_at_once == module.FROM_THE_BEGINNING


async def test_a_past_is_read_once_for_all_who_ask_for_it():
    log = CountedLog()
    ours = [session(user, SESSION) for user in (USER, UUID(int=8))]
    for aggregate in ours:
        await Sessions(log).decide(aggregate, start(1), supposed_new=True)
    log.read, sessions = 0, Sessions(log)
    await asyncio.gather(*(sessions.load(aggregate) for aggregate in ours * 20))
    assert (log.read, log.most_at_once) == (2, 2)


async def test_one_that_is_larger_than_the_room_for_all_is_remembered_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "CACHED_BYTES", 100_000)
    one = Orchestrator()
    await one.begin(1, 200_000)
    assert await one.remembers(2, 1) == [2]


async def test_a_session_that_is_read_again_is_measured_anew(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "CACHED_BYTES", 100_000)
    one = Orchestrator()
    await one.begin(20_000, 20_000, 20_000)
    assert await one.remembers(1) == []
    assert await one.remembers(1, 3, 2) == [1, 3]


@pytest.mark.parametrize("asked", ["fresh", "at_least"])
async def test_what_another_orchestrator_has_decided_is_added_to_what_is_known(asked: str):
    log, whose = MemoryLog(), session(USER, SESSION)
    ours, other = Sessions(log), Sessions(log)
    await ours.decide(whose, start(2, timeout_s=5.0, backoff_s=1.0))
    await ours.decide(whose, failure(usage=usage()))
    seq = (await other.decide(whose, Cancel())).known.seq
    known = await (ours.load(whose, fresh=True) if asked == "fresh" else ours.load(whose, at_least=seq))
    assert known == await Sessions(log).load(whose)


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("command", [claim(attempt=2), report(attempt=2)], ids=["claim", "report"])
async def test_nothing_is_passed_over_or_refused_of_what_another_orchestrator_has_asked_for(
    command: Command, *, waits: bool
):
    log, whose = MemoryLog(), session(USER, SESSION)
    ours, other = Sessions(log, lambda: NOW), Sessions(log, lambda: later(60))
    await ours.decide(whose, start(1))
    await ours.decide(whose, failure())
    seq = (await other.decide(whose, WakeUp())).known.seq
    assert (await ours.decide(whose, command, at_least=seq if waits else 0)).events


async def test_a_past_is_read_page_by_page_and_never_held_whole():
    log, one, seq = MemoryLog(), session(USER, SESSION), 0
    for number in range(40):
        events = (SessionCancelled(reason=f"{number}" + "x" * 1_000_000),)
        commit = Commit(commit_id=uuid4(), at=NOW, causation_id="test", events=events)
        seq = await log.append(one, commit, expected=seq)
    tracemalloc.start()
    known = await Sessions(log).load(one)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (known.seq, known.session.status) == (seq, "cancelled")
    assert most < 20_000_000
