"""A log whose last commits are gone, as after a loss of power, is another log."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from histories import definitions, stories
from projected import assert_folded
from projector.reader import Reader, page
from projectorstage import Writer, caught_up, halted, have_rebuilt, operated, projecting, until
from servers import data_folder
from shared.bus import Bus
from shared.definitions import AgentDefinition
from shared.events import AgentRegistered
from shared.jetstream_log import JetStreamLog
from shared.registry import Registry
from shared.streams import provision
from shared.subjects import agent
from totalaud.stack.nats import Nats
from totalaud.stack.server import Server


class Losing:
    """A NATS that can be set back to what its store was."""

    def __init__(self, kind: Nats, server: Server) -> None:
        self.url = kind.url
        self._store = kind.store
        self._kept = kind.store.with_name("kept")
        self._server = server

    async def keep(self) -> None:
        await self._server.stop()
        shutil.copytree(self._store, self._kept)
        await self._server.start()

    async def lose(self) -> None:
        """Forget all since `keep`."""
        await self._server.kill()
        shutil.rmtree(self._store)
        shutil.copytree(self._kept, self._store)
        await self._server.start()


@pytest.fixture
async def losing() -> AsyncIterator[Losing]:
    with data_folder() as data:
        kind = Nats(data)
        server = Server(kind, data / "logs")
        await server.start()
        try:
            yield Losing(kind, server)
        finally:
            await server.stop()


@asynccontextmanager
async def connected(losing: Losing) -> AsyncIterator[Bus]:
    bus = await Bus.connect(losing.url, name="test")
    try:
        yield bus
    finally:
        await bus.close()


async def test_a_projector_that_runs_meanwhile_mixes_nothing(losing: Losing, postgres_url: str):
    async with connected(losing) as bus:
        await provision(bus, ack_wait_s=2)
        await Writer(bus).write(definitions())
        await losing.keep()
        async with operated(bus, losing.url, postgres_url) as live:
            await caught_up(bus, postgres_url)
            writer = Writer(bus)
            await writer.write(stories(20, commits=30))
            await caught_up(bus, postgres_url)
            await losing.lose()
            await Writer(bus).write(stories(21, commits=50))
            await until(lambda: halted(live))
            await have_rebuilt(bus)
            await caught_up(bus, postgres_url)
        await assert_folded(bus, postgres_url)


async def test_a_rebuild_ends_although_the_tables_are_further_than_the_log(losing: Losing, postgres_url: str):
    async with connected(losing) as bus:
        await provision(bus, ack_wait_s=2)
        await Writer(bus).write(definitions())
        await losing.keep()
        async with projecting(bus, postgres_url):
            await Writer(bus).write(stories(20, commits=30))
            await caught_up(bus, postgres_url)
        await losing.lose()
        async with operated(bus, losing.url, postgres_url) as live:
            await until(lambda: halted(live))
            async with asyncio.timeout(20):
                await have_rebuilt(bus)
            await caught_up(bus, postgres_url)
        await assert_folded(bus, postgres_url)


async def test_what_was_heard_of_commits_that_are_gone_is_not_read_in_place_of_others(losing: Losing):
    async with connected(losing) as bus:
        await provision(bus, ack_wait_s=2)
        await losing.keep()
        reader = Reader(bus)
        await reader.listen()
        reader.doubt()
        await Writer(bus).write(definitions())
        await bus.settled()
        await losing.lose()
        await until(lambda: reconnected(bus))
        await Writer(bus).write(stories(21, commits=3))
        await bus.settled()
        assert await reader.batch(0, lambda: True) == []
        reader.doubt()
        assert await reader.batch(0, lambda: True) == await page(bus, 1)


async def reconnected(bus: Bus) -> bool:
    return bus.client.stats["reconnects"] == 2 and bus.client.is_connected


async def test_what_agents_there_are_is_read_anew_from_a_log_that_lost_its_end(losing: Losing):
    scout, coach = (
        AgentDefinition(name=name, domain="first", skills=()) for name in ("scout-agent", "coach-agent")
    )
    changed = scout.model_copy(update={"domain": "second"})
    async with connected(losing) as bus:
        await provision(bus, ack_wait_s=2)
        writer = Writer(bus)
        await writer.happens(agent(scout.name), AgentRegistered(definition=scout))
        await losing.keep()
        registry = await Registry.load(bus, JetStreamLog(bus))
        for definition in (changed, coach):
            await writer.happens(agent(definition.name), AgentRegistered(definition=definition))
        await until(lambda: known(registry, changed, coach))
        await losing.lose()
        await until(lambda: known(registry, scout))


async def known(registry: Registry, *wanted: AgentDefinition) -> bool:
    return registry.agents() == list(wanted)
