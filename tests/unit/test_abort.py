"""Stopping one attempt: its engine ends, its report is still made, and nothing else is stopped."""

import asyncio

import pytest

from skill_runner.abort import Abort
from skill_runner.failure import Failure


async def code(abort: Abort, engine) -> str:
    with pytest.raises(Failure) as raised:
        await abort.unless(engine)
    return raised.value.code


async def test_an_engine_that_nobody_stops_gives_its_output():
    assert await Abort().unless(asyncio.sleep(0, "done")) == "done"


async def test_an_order_before_the_engine_begins_lets_it_do_nothing():
    begun = []

    async def engine() -> None:
        begun.append(True)

    abort = Abort()
    abort.request()
    assert (await code(abort, engine()), begun) == ("cancelled", [])


@pytest.mark.parametrize("orders", [1, 3])
async def test_a_running_engine_is_stopped_by_any_number_of_orders_and_its_task_goes_on(orders: int):
    abort = Abort()
    for _ in range(orders):
        asyncio.get_running_loop().call_later(0.01, abort.request)
    assert await code(abort, asyncio.sleep(60)) == "cancelled"
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    async with asyncio.timeout(5):
        assert await asyncio.sleep(0, "reported") == "reported"


async def test_an_engine_that_ends_all_the_same_leaves_its_task_as_it_was():
    async def stubborn() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "kept"
        return "never"

    abort = Abort()
    asyncio.get_running_loop().call_later(0.01, abort.request)
    assert await abort.unless(stubborn()) == "kept"
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


@pytest.mark.parametrize("ordered", [False, True])
async def test_a_runner_that_is_stopped_is_no_aborted_attempt(ordered: bool):
    abort = Abort()
    task = asyncio.create_task(abort.unless(asyncio.sleep(60)))
    await asyncio.sleep(0)
    if ordered:
        abort.request()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_an_order_after_the_engine_has_ended_stops_nothing():
    abort = Abort()
    assert await abort.unless(asyncio.sleep(0, "done")) == "done"
    abort.request()
    assert await asyncio.sleep(0, "reported") == "reported"
