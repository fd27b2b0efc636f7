"""Of each user so many attempts are in a queue at a time; the others have their turn as those end."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any
from uuid import UUID

from controls import USER, requested
from orchestrator.keeping_back import KeepingBack
from orchestrator.shares import Shares
from shared.events import AttemptRequested
from shared.subjects import POOLS, Aggregate, Pool, session
from sim.bus import SimBus
from sim.chance import Chance
from sim.loop import VirtualLoop
from sim.process import Process
from sim.processes import World
from sim.silence import silenced

OTHER = UUID(int=8)


def each(most: int) -> dict[Pool, int]:
    return dict.fromkeys(POOLS, most)


def asked(number: int, **changes: Any) -> AttemptRequested:
    return requested(attempt_id=UUID(int=number), **changes)


def of(user: UUID, number: int) -> Aggregate:
    return session(user, UUID(int=number))


def admitted(shares: Shares, numbers: Iterable[int], user: UUID = USER, **changes: Any) -> list[int]:
    return [number for number in numbers if shares.admits(of(user, number), asked(number, **changes))]


def numbers(kept: Iterable[tuple[Aggregate, UUID]]) -> list[int]:
    return [attempt_id.int for _, attempt_id in kept]


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with silenced():
        VirtualLoop().run(story())


def test_what_goes_beyond_a_user_s_share_is_kept_and_another_user_s_goes():
    shares = Shares(each(2))
    assert admitted(shares, range(1, 5)) == [1, 2]
    assert admitted(shares, range(5, 8), OTHER) == [5, 6]


def test_each_pool_has_its_own_shares():
    shares = Shares(each(1))
    assert admitted(shares, (1, 2)) == [1]
    assert admitted(shares, (3, 4), pool="openai") == [3]
    assert shares.pools() == {"custom", "openai"}


def test_as_many_have_their_turn_as_are_over_the_first_one_first():
    shares = Shares(each(2))
    admitted(shares, range(1, 6))
    shares.over([UUID(int=1)])
    assert numbers(shares.next()) == [3]
    shares.over([UUID(int=3), UUID(int=2)])
    assert numbers(shares.next()) == [4, 5]
    assert shares.pools() == set()


def test_where_more_are_over_than_are_kept_those_go_that_are_kept():
    shares = Shares(each(2))
    admitted(shares, (1, 2, 3))
    shares.over([UUID(int=1), UUID(int=2)])
    assert numbers(shares.next()) == [3]


def test_nobody_new_goes_before_those_that_are_kept():
    shares = Shares(each(1))
    admitted(shares, (1, 2))
    shares.over([UUID(int=1)])
    assert admitted(shares, [3]) == []
    assert numbers(shares.next()) == [2]


def test_what_a_session_has_begun_with_goes_on_before_another_one_begins():
    shares = Shares(each(1))
    admitted(shares, (1, 2, 3))
    shares.over([UUID(int=1)])
    assert admitted(shares, [4], step=2) == [4]
    assert admitted(shares, [5], attempt=2) == []
    shares.over([UUID(int=4)])
    assert numbers(shares.next()) == [5]


def test_an_attempt_that_is_dispatched_again_is_counted_once_and_keeps_its_place():
    shares = Shares(each(2))
    assert admitted(shares, (1, 1, 2, 2, 3, 4, 3)) == [1, 1, 2, 2]
    shares.over([UUID(int=1), UUID(int=2)])
    assert numbers(shares.next()) == [3, 4]


def test_what_is_over_before_its_turn_is_not_kept():
    shares = Shares(each(1))
    admitted(shares, (1, 2, 3))
    shares.over([UUID(int=2)])
    shares.over([UUID(int=1)])
    assert numbers(shares.next()) == [3]


def test_a_queue_that_runs_out_is_given_of_each_user_s_in_turn_whatever_is_counted():
    shares = Shares(each(2))
    admitted(shares, range(1, 8))
    admitted(shares, range(11, 14), OTHER)
    admitted(shares, range(21, 24), pool="openai")
    assert numbers(shares.beyond("custom", 3)) == [3, 13, 4]
    assert numbers(shares.beyond("custom", 9)) == [5, 6, 7]
    assert numbers(shares.beyond("openai", 9)) == [23]


def test_the_oldest_is_counted_no_more_where_a_queue_was_given_beyond_the_share():
    shares = Shares(each(2))
    admitted(shares, range(1, 6))
    assert numbers(shares.beyond("custom", 1)) == [3]
    shares.over([UUID(int=2), UUID(int=3)])
    assert numbers(shares.next()) == [4, 5]
    shares.over([UUID(int=4), UUID(int=5)])
    shares.over([UUID(int=1)])
    assert numbers(shares.next()) == []


def test_of_users_for_whom_nothing_is_there_nothing_is_remembered():
    shares = Shares(each(2))
    admitted(shares, (1, 2, 3))
    for number in (3, 1, 2):
        shares.over([UUID(int=number)])
    assert (shares._shares, shares._owners) == ({}, {})


class Dispatched:
    """What was dispatched, and a queue that nobody takes from unless told."""

    def __init__(self, most: int) -> None:
        self.shares = Shares(each(most))
        self.numbers: list[int] = []
        self.world = World(0)
        bus: Any = SimBus(self.world.server, Process("orchestrator", Chance(0)))
        self.bus = bus
        self._turns = asyncio.create_task(KeepingBack(bus, self.shares, self._dispatch).run())

    async def _dispatch(self, aggregate: Aggregate, attempt_id: UUID) -> None:
        self.numbers.append(attempt_id.int)
        await self.bus.publish(f"work.custom.find.{attempt_id}", b"")

    async def filled(self, numbers: Iterable[int]) -> None:
        """Have the queue hold what went at once."""
        for number in admitted(self.shares, numbers):
            await self.bus.publish(f"work.custom.find.{UUID(int=number)}", b"")

    def queue(self, pool: Pool = "custom") -> Any:
        return self.world.server.durables[pool]


def test_a_turn_comes_as_soon_as_somebody_is_over():
    async def story() -> None:
        found = Dispatched(4)
        await found.filled(range(1, 7))
        await asyncio.sleep(10)
        assert found.numbers == []
        found.shares.over([UUID(int=1)])
        await asyncio.sleep(0.01)
        assert found.numbers == [5]

    run(story)


def test_turns_come_though_nobody_here_hears_of_an_end_once_the_queue_runs_out():
    async def story() -> None:
        found = Dispatched(4)
        await found.filled(range(1, 10))
        await asyncio.sleep(10)
        found.queue()._next = 3
        await asyncio.sleep(1)
        assert found.numbers == []
        found.queue()._next = 4
        await asyncio.sleep(1)
        assert found.numbers == [5, 6, 7]

    run(story)


def test_turns_wait_for_a_server_that_does_not_tell_how_long_its_queue_is():
    async def story() -> None:
        found = Dispatched(1)
        found.bus.passes = _never
        admitted(found.shares, (1, 2))
        await asyncio.sleep(5)
        assert found.numbers == []
        del found.bus.passes
        await asyncio.sleep(1)
        assert found.numbers == [2]

    run(story)


async def _never() -> bool:
    return False


def test_of_what_asks_a_model_a_user_has_fewer_in_the_queue_than_of_what_is_soon_done():
    shares = Shares()
    many = range(1, 100)
    counts = {
        pool: len(admitted(shares, (100 * n + one for one in many), pool=pool))
        for n, pool in enumerate(POOLS)
    }
    assert counts == {"custom": 64, "openai": 16, "anthropic": 16}
