"""How many calls a model takes is learnt from what it refuses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from skill_runner import pace as paces
from skill_runner.failure import Failure
from skill_runner.pace import COME_BACK_S, NoTurn, Pace

PAUSE_S = 0.05
NEVER = float("inf")


@pytest.fixture
def pace(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Pace:
    """A pace, of a server that answers as many at once as a test's parameter says, if it has one."""
    monkeypatch.setattr(paces, "FIRST_PAUSE_S", PAUSE_S)
    return Pace(getattr(request, "param", None))


class Calls:
    """Calls of one model, each under way until it is told how it ends."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self.under_way: list[asyncio.Future[None]] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def make(self, count: int, until: float = NEVER) -> None:
        self.tasks += [asyncio.create_task(self._call(until)) for _ in range(count)]
        await settled()

    async def end(self, count: int, failure: Failure | None = None) -> None:
        for call in self.under_way[:count]:
            call.set_exception(failure) if failure else call.set_result(None)
        del self.under_way[:count]
        await settled()

    async def _call(self, until: float) -> None:
        async with self.pace.turn(until):
            self.under_way.append(answer := asyncio.get_running_loop().create_future())
            with suppress(asyncio.CancelledError):
                await answer


@pytest.fixture
async def calls(pace: Pace) -> AsyncIterator[Calls]:
    calls = Calls(pace)
    yield calls
    for task in calls.tasks:
        task.cancel()
    await asyncio.gather(*calls.tasks, return_exceptions=True)


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def waits_s(pace: Pace) -> float:
    turn = pace.no_turn()
    return turn.wait_s if turn else 0.0


async def reopened(pace: Pace) -> None:
    async with asyncio.timeout(5):
        while waits_s(pace):
            await asyncio.sleep(PAUSE_S / 5)
    await settled()


def refusal(retry_after_s: float | None = None, code: str = "rate_limited") -> Failure:
    return Failure(code, "it takes no more calls now", retryable=True, retry_after_s=retry_after_s)


async def test_before_anything_is_refused_all_calls_are_made_at_once(calls: Calls):
    await calls.make(100)
    assert len(calls.under_way) == 100
    assert waits_s(calls.pace) == 0


@pytest.mark.parametrize("code", ["rate_limited", "provider_away"])
async def test_half_of_those_that_were_under_way_are_made_after_a_refusal_and_a_pause(
    calls: Calls, code: str
):
    await calls.make(8)
    await calls.end(8, refusal(code=code))
    await calls.make(8)
    assert calls.under_way == []
    await reopened_with(calls, 4)
    assert len(calls.under_way) == 4


async def reopened_with(calls: Calls, count: int) -> None:
    async with asyncio.timeout(5):
        while len(calls.under_way) < count:
            await asyncio.sleep(PAUSE_S / 5)
    await settled()


async def test_any_other_failure_changes_nothing(calls: Calls):
    await calls.make(8)
    await calls.end(8, Failure("provider_error", "it broke", retryable=True))
    await calls.make(8)
    assert len(calls.under_way) == 8


async def test_a_round_of_calls_that_are_taken_adds_one(calls: Calls):
    await calls.make(4)
    await calls.end(4, refusal())
    await reopened(calls.pace)
    await calls.make(10)
    assert len(calls.under_way) == 2
    await calls.end(2)
    assert len(calls.under_way) == 3
    await calls.end(3)
    assert len(calls.under_way) == 4


async def test_no_more_are_made_than_a_server_answers_whatever_it_takes():
    calls = Calls(Pace(3))
    await calls.make(9)
    for _ in range(3):
        assert len(calls.under_way) == 3
        assert waits_s(calls.pace) > 0
        await calls.end(3)
    assert waits_s(calls.pace) == 0


async def test_a_server_that_says_how_many_it_answers_has_one_pace_for_all_its_models():
    of_server, of_provider = paces.paces(3), paces.paces(None)
    assert of_server["large"] is of_server["small"]
    assert of_provider["large"] is not of_provider["small"]


async def test_who_waits_in_vain_for_a_server_that_answers_others_is_told_that():
    calls = Calls(Pace(1))
    await calls.make(1)
    with pytest.raises(NoTurn, match="the model's server answers others first") as told:
        async with calls.pace.turn(asyncio.get_running_loop().time() + 0.05):
            pytest.fail("one is under way")
    assert (told.value.code, told.value.retryable) == ("rate_limited", True)
    await calls.end(1)


async def test_one_is_always_made(calls: Calls):
    for _ in range(3):
        await calls.make(1)
        await reopened_with(calls, 1)
        await calls.end(1, refusal())
    await calls.make(3)
    await reopened_with(calls, 1)
    assert len(calls.under_way) == 1


async def test_nothing_is_made_before_the_provider_wants_it(calls: Calls):
    clock = asyncio.get_running_loop().time
    await calls.make(1)
    begun = clock()
    await calls.end(1, refusal(0.3))
    await calls.make(1)
    await reopened_with(calls, 1)
    assert 0.3 <= clock() - begun < 2


async def test_each_pause_is_twice_the_one_before_until_a_call_is_taken(calls: Calls):
    pauses = []
    for taken in (False, False, False, True, False):
        await calls.make(1)
        await reopened_with(calls, 1)
        if taken:
            await calls.end(1)
            continue
        await calls.end(1, refusal())
        pauses.append(waits_s(calls.pace))
    assert pauses == pytest.approx([PAUSE_S, 2 * PAUSE_S, 4 * PAUSE_S, PAUSE_S], abs=PAUSE_S / 3)


async def test_a_call_that_cannot_be_made_in_time_is_told_at_once_for_how_long(calls: Calls):
    clock = asyncio.get_running_loop().time
    await calls.make(1)
    await calls.end(1, refusal(30))
    begun = clock()
    with pytest.raises(NoTurn) as told:
        async with calls.pace.turn(begun + 10):
            pytest.fail("no call may be made")
    assert clock() - begun < 5
    assert (told.value.code, told.value.retryable) == ("rate_limited", True)
    assert told.value.retry_after_s == pytest.approx(30, abs=5)


async def test_a_call_whose_turn_does_not_come_in_time_gives_up(calls: Calls):
    clock = asyncio.get_running_loop().time
    await calls.make(2)
    await calls.end(1, refusal())
    await reopened_in(calls)
    with pytest.raises(NoTurn):
        async with calls.pace.turn(clock() + 0.05):
            pytest.fail("one is under way, and no more are taken")
    await calls.end(1)
    await calls.make(1)
    assert len(calls.under_way) == 1


async def reopened_in(calls: Calls) -> None:
    """Wait for the end of a pause while the one call that may be made is under way."""
    async with asyncio.timeout(5):
        while waits_s(calls.pace) > COME_BACK_S:
            await asyncio.sleep(PAUSE_S / 5)
    await asyncio.sleep(PAUSE_S)


async def test_those_that_wait_go_in_their_order_and_one_that_leaves_holds_nobody_up(calls: Calls):
    await calls.make(2)
    await calls.end(2, refusal())
    order: list[int] = []

    async def one(number: int) -> None:
        async with calls.pace.turn(NEVER):
            order.append(number)
            await settled()

    waiting = [asyncio.create_task(one(number)) for number in range(5)]
    await settled()
    waiting[0].cancel()
    waiting[2].cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(*waiting, return_exceptions=True)
    assert order == [1, 3, 4]


async def test_calls_that_were_under_way_together_slow_it_down_once(calls: Calls):
    await calls.make(8)
    await calls.end(1, refusal())
    await calls.end(7, refusal())
    await calls.make(8)
    await reopened_with(calls, 4)
    assert len(calls.under_way) == 4


async def test_an_attempt_stays_away_while_no_call_can_be_made_but_hears_of_a_long_pause(calls: Calls):
    await calls.make(2)
    await calls.end(1, refusal(20))
    assert waits_s(calls.pace) == pytest.approx(20, abs=5)
    await calls.end(1, refusal(3600))
    assert waits_s(calls.pace) == 0


async def test_an_attempt_stays_away_while_others_wait(calls: Calls):
    await calls.make(2)
    await calls.end(2, refusal())
    await calls.make(2)
    await reopened_with(calls, 1)
    assert waits_s(calls.pace) == COME_BACK_S


@pytest.mark.parametrize("pace", [2], indirect=True)
async def test_who_stays_away_hears_why_and_no_longer_of_what_is_over(calls: Calls):
    await calls.make(2)
    await calls.end(1, refusal())
    assert said(calls) == ("rate_limited", "it takes no more calls now")
    await reopened_in(calls)
    assert said(calls) == ("rate_limited", "it takes no more calls now")
    for _ in range(2):
        await calls.end(1)
        await calls.make(1)
    await calls.make(1)
    assert said(calls) == ("rate_limited", "the model's server answers others first")


def said(calls: Calls) -> tuple[str, str]:
    turn = calls.pace.no_turn()
    assert turn is not None
    return turn.code, turn.message
