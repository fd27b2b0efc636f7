"""Timers are never early: whoever wakes before the time finds nothing due, and would not wake again."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
import uvloop
from nats.js.errors import NoStreamResponseError
from structlog.testing import capture_logs

from orchestrator.timers import Timers
from shared.clock import utc_now
from shared.events import LONGEST_PATIENCE_S

COUNT = 1000


async def fired() -> list[tuple[datetime, datetime]]:
    """Set timers between two milliseconds; return when each was due, and when it came."""
    timers, found, all_of_them = Timers(), [], asyncio.Event()

    def timer(at: datetime) -> Callable:
        async def due() -> None:
            found.append((at, utc_now()))
            if len(found) == COUNT:
                all_of_them.set()

        return due

    for number in range(COUNT):
        at = utc_now() + timedelta(milliseconds=100, microseconds=number * 137 % 1000)
        timers.set(number, at, timer(at))
        if number % 20 == 0:
            await asyncio.sleep(0.001)
    await asyncio.wait_for(all_of_them.wait(), 20)
    return found


@pytest.mark.parametrize("loop", [uvloop.new_event_loop, asyncio.new_event_loop])
def test_no_timer_is_early_on_any_loop(loop: Callable):
    with asyncio.Runner(loop_factory=loop) as runner:
        assert all(came >= due for due, came in runner.run(fired()))


async def test_a_cleared_timer_does_not_come():
    timers, came = Timers(), []

    async def due() -> None:
        came.append(1)

    timers.set("one", utc_now() + timedelta(milliseconds=20), due)
    timers.clear("one")
    await asyncio.sleep(0.05)
    assert came == []


async def test_a_timer_that_is_set_again_moves():
    timers, came = Timers(), []

    def due_as(name: str) -> Callable:
        async def due() -> None:
            came.append(name)

        return due

    timers.set("at", utc_now() + timedelta(milliseconds=20), due_as("first"))
    timers.set("at", utc_now() + timedelta(milliseconds=60), due_as("second"))
    timers.set_in("in", 0.02, due_as("third"))
    timers.set_in("in", 0.09, due_as("fourth"))
    await asyncio.sleep(0.2)
    assert came == ["second", "fourth"]


async def kept(first_s: float, then_s: float) -> float:
    """Keep a timer that is set already; return after how long it came."""
    timers, came = Timers(), asyncio.Event()

    async def due() -> None:
        came.set()

    begun = asyncio.get_running_loop().time()
    timers.set_in("one", first_s, due)
    timers.keep("one", utc_now() + timedelta(seconds=then_s), due)
    await asyncio.wait_for(came.wait(), 20)
    return asyncio.get_running_loop().time() - begun


async def test_of_a_timer_that_is_kept_the_sooner_time_holds():
    assert [await kept(first, then) < 10 for first, then in ((0.05, 60), (60, 0.05))] == [True, True]


async def test_a_time_comes_that_was_waited_for_although_the_clock_has_been_put_back():
    now, came = [utc_now()], asyncio.Event()

    async def due() -> None:
        came.set()

    Timers(lambda: now[0]).set("one", now[0] + timedelta(milliseconds=50), due)
    now[0] -= timedelta(hours=1)
    await asyncio.wait_for(came.wait(), 20)


async def test_nothing_is_waited_for_longer_than_anything_is_planned_for():
    timers = Timers()

    async def due() -> None:
        pass

    timers.set("one", utc_now() + timedelta(days=400), due)
    ((when, _),) = timers._handles.values()
    timers.close()
    assert when - asyncio.get_running_loop().time() <= LONGEST_PATIENCE_S


async def test_nothing_comes_once_timers_are_closed():
    timers, came, begun = Timers(), [], asyncio.Event()

    async def due() -> None:
        begun.set()
        await asyncio.sleep(0.05)
        came.append(1)

    timers.set("running", utc_now(), due)
    timers.set_in("waiting", 0.02, due)
    await begun.wait()
    timers.close()
    await asyncio.sleep(0.15)
    assert came == []


async def test_a_timer_that_comes_again_takes_the_place_of_one_that_failed():
    timers, tried = Timers(), []

    def failing(name: str) -> Callable:
        async def due() -> None:
            tried.append(name)
            raise TimeoutError

        return due

    timers.set("one", utc_now(), failing("first"))
    async with asyncio.timeout(20):
        while not tried:
            await asyncio.sleep(0.01)
        timers.set("one", utc_now(), failing("second"))
        while len(tried) < 3:
            await asyncio.sleep(0.01)
    timers.close()
    assert tried == ["first", "second", "second"]


async def test_a_timer_that_always_fails_is_tried_ever_more_slowly(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orchestrator.timers.AGAIN_S", 0.01)
    timers, tried, often = Timers(), [], asyncio.Event()

    async def due() -> None:
        tried.append(asyncio.get_running_loop().time())
        if len(tried) == 6:
            often.set()
        raise ValueError

    timers.set("one", utc_now(), due)
    await asyncio.wait_for(often.wait(), 20)
    timers.close()
    assert all(later - earlier >= 0.009 * 2**n for n, (earlier, later) in enumerate(pairwise(tried)))


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (NoStreamResponseError(), [("warning", "timers wait")]),
        (ValueError(), [("error", "a timer is tried again")] * 3),
    ],
)
async def test_an_outage_that_keeps_many_timers_is_told_once_and_is_no_error(
    failure: Exception, told: list[tuple[str, str]]
):
    timers, tried = Timers(), 0

    async def due() -> None:
        nonlocal tried
        tried += 1
        raise failure

    with capture_logs() as said:
        for key in range(3):
            timers.set(key, utc_now(), due)
        async with asyncio.timeout(20):
            while tried < 3:
                await asyncio.sleep(0.01)
    timers.close()
    assert [(line["log_level"], line["event"]) for line in said] == told


async def test_a_timer_waits_without_asking_the_clock_over_and_over():
    asked = []

    def clock() -> datetime:
        asked.append(1)
        return utc_now()

    async def due() -> None:
        pass

    timers = Timers(clock)
    timers.set("one", utc_now() + timedelta(milliseconds=100), due)
    await asyncio.sleep(0.2)
    assert len(asked) < 10


async def test_nothing_is_kept_of_a_timer_that_came():
    timers = Timers()

    async def due() -> None:
        assert not timers.is_set("one")

    timers.set("one", utc_now(), due)
    async with asyncio.timeout(20):
        while timers.is_set("one") or timers._running:
            await asyncio.sleep(0.01)
    assert (timers._handles, timers._running, timers._latest) == ({}, set(), {})
