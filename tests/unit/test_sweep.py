"""The sweep outlives whatever is away, and comes again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from nats.errors import NoRespondersError
from nats.js.errors import NoStreamResponseError, NotFoundError
from structlog.testing import capture_logs

from controls import NOW, start
from orchestrator.decide import decide
from orchestrator.open_sessions import OpenSessions
from orchestrator.session import Session
from orchestrator.sweep import Sweep
from shared.bus import Ack
from shared.commit import Commit
from shared.log import Behind
from shared.subjects import Aggregate, session
from sim.bus import Process, SimBus
from sim.chance import Chance
from sim.loop import VirtualLoop
from sim.processes import World, doors_of
from sim.silence import silenced

UNREADABLE, BEGUN = (session(UUID(int=7), UUID(int=number)) for number in (1, 2))


class AwayAtFirst:
    """Where the sweep looks: the first time, or the first few times, something is away."""

    def __init__(self, error: Exception, times: int = 1) -> None:
        self.looked = 0
        self._error = error
        self._times = times

    @asynccontextmanager
    async def held(self) -> AsyncIterator[list[Aggregate]]:
        self.looked += 1
        if self.looked <= self._times:
            raise self._error
        yield []


@pytest.mark.parametrize(
    "error",
    [
        NoStreamResponseError(),
        NoRespondersError(),
        TimeoutError(),
        Behind(),
        asyncpg.PostgresConnectionError(),
        OSError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_it_comes_again_within_seconds_when_something_was_away(error: Exception):
    where = AwayAtFirst(error)

    with silenced():
        VirtualLoop().run(swept(World(0), where))
    assert where.looked == 2


def test_it_comes_once_a_second_while_something_stays_away_and_says_so_now_and_then():
    where = AwayAtFirst(OSError(), times=100)
    with capture_logs() as logs:
        VirtualLoop().run(swept(World(0), where, for_s=35))
    waits = {"event": "the sweep waits", "reason": "OSError", "log_level": "warning"}
    assert logs == [waits] * 3
    assert 35 <= where.looked <= 36


def test_what_comes_up_beside_it_at_a_start_is_nothing_to_warn_of():
    where = AwayAtFirst(OSError(), times=10)
    with capture_logs() as logs:
        VirtualLoop().run(swept(World(0), where, for_s=15))
    assert (where.looked, logs) == (11, [])


class Both:
    """Where the sweep looks: two histories are open, and the first cannot be read."""

    @asynccontextmanager
    async def held(self) -> AsyncIterator[list[Aggregate]]:
        yield [UNREADABLE, BEGUN]


def test_a_history_that_cannot_be_read_is_told_and_keeps_no_other_one_waiting():
    world = begun()
    with capture_logs() as logs:
        VirtualLoop().run(swept(world, Both()))
    told = [line["subject"] for line in logs if line["event"] == "a history is not looked after"]
    assert told == [UNREADABLE.subject]
    assert len(world.server.streams["WORK"].messages) == 1


def test_an_outage_in_the_midst_of_a_sweep_has_it_come_again_within_seconds():
    class AwayForTwoSeconds(SimBus):
        """A bus that nothing gets through at first."""

        async def passes(self) -> bool:
            if asyncio.get_running_loop().time() < 2:
                raise TimeoutError
            return await super().passes()

    world = begun()
    with silenced():
        VirtualLoop().run(swept(world, Both(), AwayForTwoSeconds))
    assert len(world.server.streams["WORK"].messages) == 1


def test_work_that_nats_does_not_take_is_told_now_and_then_however_many_sessions_wait():
    """A cluster without a majority of its nodes still has a log to be read."""

    class Full(SimBus):
        """A bus that takes no work for a quarter of a minute."""

        async def publish(self, subject: str, body: bytes, **how: Any) -> Ack:
            if subject.startswith("work.") and asyncio.get_running_loop().time() < 15:
                raise NoStreamResponseError
            return await super().publish(subject, body, **how)

    class Many:
        @asynccontextmanager
        async def held(self) -> AsyncIterator[list[Aggregate]]:
            yield waiting

    waiting = [session(UUID(int=7), UUID(int=number)) for number in range(10, 30)]
    world = World(0)
    for one in waiting:
        append_begun(world, one)
    with capture_logs() as logs:
        VirtualLoop().run(swept(world, Many(), Full, for_s=30))
    assert {line["event"] for line in logs} == {"the sweep waits"}
    assert len(logs) < 10
    assert len(world.server.streams["WORK"].messages) == len(waiting)


@pytest.mark.parametrize("error", [NotFoundError(), TimeoutError()], ids=lambda error: type(error).__name__)
def test_queues_of_which_nats_does_not_tell_keep_no_history_waiting(error: Exception):
    class Untold(SimBus):
        """A bus that is told of no consumer."""

        @property
        def client(self) -> Any:
            return self

        def jetstream(self) -> Any:
            return self

        async def consumer_info(self, *_: str) -> None:
            raise error

    world = begun()
    with silenced():
        VirtualLoop().run(swept(world, Both(), Untold))
    assert len(world.server.streams["WORK"].messages) == 1


def begun() -> World:
    """Return a world with a history that cannot be read, and one that waits for its first step."""
    world = World(0)
    world.server.streams["EVT"].append(UNREADABLE.subject, b'{"events": [{"type": "Novel"}]}', {})
    append_begun(world, BEGUN)
    return world


def append_begun(world: World, one: Aggregate) -> None:
    begun = Commit(commit_id=UUID(int=3), at=NOW, events=decide(start(), Session(), NOW, one.subject).events)
    world.server.streams["EVT"].append(one.subject, begun.encode(one), {})


async def swept(world: World, where: OpenSessions, bus_of: type[SimBus] = SimBus, for_s: float = 5) -> None:
    """Sweep for some seconds."""
    bus = bus_of(world.server, Process("orchestrator", Chance(0)))
    doors = doors_of(world, bus)
    follow = doors.commands.follow
    sweep = Sweep(bus, follow, doors.reports.claims, follow.settling, where)  # type: ignore[arg-type]
    sweeping = asyncio.create_task(sweep.run())
    await asyncio.sleep(for_s)
    assert not sweeping.done()


class Counted:
    """Where the sweep looks: nothing is open."""

    looked = 0

    @asynccontextmanager
    async def held(self) -> AsyncIterator[list[Aggregate]]:
        self.looked += 1
        yield []


class Reconnecting(SimBus):
    """A bus that a test reconnects."""

    def on_reconnect(self, callback: Callable[[], Awaitable[None]]) -> None:
        self.reconnected = callback


def test_however_often_it_is_wanted_it_comes_twice_a_second():
    where = Counted()

    async def story() -> None:
        world = World(0)
        bus = SimBus(world.server, Process("orchestrator", Chance(0)))
        doors = doors_of(world, bus)
        follow = doors.commands.follow
        sweep = Sweep(bus, follow, doors.reports.claims, follow.settling, where)  # type: ignore[arg-type]
        sweeping = asyncio.create_task(sweep.run())
        for _ in range(500):
            await asyncio.sleep(0.01)
            follow.look_again()
        sweeping.cancel()

    with silenced():
        VirtualLoop().run(story())
    assert 9 <= where.looked <= 11


def test_it_comes_every_minute_and_soon_after_it_is_wanted_or_the_bus_was_away():
    where, counts = Counted(), []

    async def story() -> None:
        world = World(0)
        bus = Reconnecting(world.server, Process("orchestrator", Chance(0)))
        doors = doors_of(world, bus)
        follow = doors.commands.follow
        sweep = Sweep(bus, follow, doors.reports.claims, follow.settling, where)  # type: ignore[arg-type]
        sweeping = asyncio.create_task(sweep.run())

        async def wait(seconds: float) -> None:
            await asyncio.sleep(seconds)
            counts.append(where.looked)

        await wait(1)
        await wait(2 * 60.5)
        follow.sweep_wanted.set()
        await wait(2)
        await wait(30)
        await bus.reconnected()
        await wait(2)
        await wait(30)
        sweeping.cancel()

    with silenced():
        VirtualLoop().run(story())
    assert counts == [1, 3, 4, 4, 5, 5]
