"""The sweep outlives whatever is away, and comes again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from nats.errors import NoRespondersError
from nats.js.errors import NoStreamResponseError

from orchestrator.sweep import Sweep
from shared.subjects import Aggregate
from sim.bus import Process, SimBus
from sim.chance import Chance
from sim.loop import VirtualLoop
from sim.processes import World, doors_of
from sim.silence import silenced


class AwayAtFirst:
    """Where the sweep looks: the first time, something is away."""

    def __init__(self, error: Exception) -> None:
        self.looked = 0
        self._error = error

    @asynccontextmanager
    async def held(self) -> AsyncIterator[list[Aggregate]]:
        self.looked += 1
        if self.looked == 1:
            raise self._error
        yield []


@pytest.mark.parametrize(
    "error",
    [
        NoStreamResponseError(),
        NoRespondersError(),
        TimeoutError(),
        asyncpg.PostgresConnectionError(),
        OSError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_it_comes_again_within_seconds_when_something_was_away(error: Exception):
    where = AwayAtFirst(error)

    async def live() -> None:
        world = World(0)
        bus = SimBus(world.server, Process("orchestrator", Chance(0)))
        doors = doors_of(world, bus)
        follow = doors.commands.follow
        sweep = Sweep(bus, follow, doors.reports.claims, follow.settling, where)  # type: ignore[arg-type]
        sweeping = asyncio.create_task(sweep.run())
        await asyncio.sleep(5)
        assert not sweeping.done()

    with silenced():
        VirtualLoop().run(live())
    assert where.looked == 2
