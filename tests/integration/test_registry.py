"""What the services know of skills and agents, kept up to date whatever goes wrong meanwhile."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from proxy import Proxy
from servers import Rig
from shared.bus import Bus
from shared.commit import Commit
from shared.definitions import AgentDefinition
from shared.events import AgentRegistered
from shared.jetstream_log import JetStreamLog
from shared.log import Past
from shared.registry import Registry
from shared.subjects import Aggregate, agent

SCOUT = AgentDefinition(name="scout-agent", domain="first", skills=())
COACH = AgentDefinition(name="coach-agent", domain="first", skills=())


class Troubled(JetStreamLog):
    """A log whose next reads fail, or answer as a copy that is behind."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus)
        self.fails = self.lags = 0

    async def load(self, aggregate: Aggregate, after: int = 0) -> Past:
        past = await super().load(aggregate, after)
        if self.fails:
            self.fails -= 1
            raise TimeoutError
        if self.lags:
            self.lags -= 1
            return Past(past.recorded[:-1])
        return past


async def push(bus: Bus, definition: AgentDefinition) -> None:
    log, aggregate = JetStreamLog(bus), agent(definition.name)
    commit = Commit(commit_id=uuid4(), at=datetime.now(UTC), events=(AgentRegistered(definition=definition),))
    await log.append(aggregate, commit, expected=(await log.load(aggregate)).seq)


async def seen(registry: Registry, *wanted: AgentDefinition) -> None:
    def known() -> list[AgentDefinition]:
        return sorted(registry.agents(), key=lambda one: one.name, reverse=True)

    async with asyncio.timeout(10):
        while known() != list(wanted):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("trouble", ["fails", "lags"])
async def test_a_change_that_is_not_to_be_read_at_once_is_read_later(bus: Bus, trouble: str):
    """Nobody answers, or a copy of the log that does not have it yet."""
    await push(bus, SCOUT)
    log = Troubled(bus)
    registry = await Registry.load(bus, log)
    changed = SCOUT.model_copy(update={"domain": "second"})
    setattr(log, trouble, 1)
    await push(bus, changed)
    await seen(registry, changed)


async def test_an_agent_that_was_pushed_while_nats_was_out_of_reach_is_known_after_it(nats: Rig, bus: Bus):
    await push(bus, SCOUT)
    proxy = Proxy(nats.url)
    await proxy.start()
    far = await Bus.connect(proxy.url, name="far")
    registry = await Registry.load(far, JetStreamLog(far))
    proxy.silence()
    await proxy.cut()
    await push(bus, COACH)
    proxy.resume()
    await seen(registry, SCOUT, COACH)
    await far.close()
    await proxy.stop()
