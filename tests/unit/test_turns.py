"""How many custom attempts a runner holds: many while they are short, few as soon as one was long."""

import asyncio

import pytest

from sim.loop import VirtualLoop
from skill_runner.turns import MOST, Turns

SHORT_S, LONG_S = 0.001, 5.0
AT_ONCE = 4


async def held(*seconds: float) -> int:
    turns = Turns(AT_ONCE)
    for one in seconds:
        async with turns.one():
            await asyncio.sleep(one)
    return turns.in_flight()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([], AT_ONCE),
        ([SHORT_S] * 50, MOST),
        ([0.0] * 50, MOST),
        ([LONG_S] * 3, AT_ONCE),
        ([*[SHORT_S] * 50, LONG_S], AT_ONCE),
        ([LONG_S, *[SHORT_S] * 50], MOST),
        ([0.02] * 50, 10),
    ],
    ids=["none yet", "short", "in no time", "long", "a long one at last", "a long one long ago", "between"],
)
def test_as_many_are_held_as_can_begin_soon(seconds: list[float], expected: int):
    assert VirtualLoop().run(held(*seconds)) == expected


def test_no_more_run_at_the_same_time_than_there_are_turns():
    async def most() -> int:
        turns, running, seen = Turns(AT_ONCE), 0, []

        async def attempt() -> None:
            nonlocal running
            async with turns.one():
                running += 1
                seen.append(running)
                await asyncio.sleep(SHORT_S)
                running -= 1

        await asyncio.gather(*(attempt() for _ in range(20)))
        return max(seen)

    assert VirtualLoop().run(most()) == AT_ONCE


def test_a_turn_that_fails_ends():
    async def again() -> int:
        turns = Turns(1)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                async with turns.one():
                    raise ZeroDivisionError
        return turns.in_flight()

    assert VirtualLoop().run(again()) >= 1
