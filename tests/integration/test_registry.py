"""What the services know of skills and agents, kept up to date whatever goes wrong meanwhile."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from histories import definition
from orchestrator.definitions import OPERATED, Definitions
from proxy import Proxy
from rig import client_of, plain_skills, running_stack
from servers import Rig, data_folder
from shared.bus import Bus
from shared.commit import Commit
from shared.definitions import AgentDefinition
from shared.events import AgentRegistered, SkillRegistered
from shared.jetstream_log import JetStreamLog
from shared.json import dumps, loads
from shared.log import Past
from shared.refusal import Refusal
from shared.registry import Registry
from shared.subjects import Aggregate, agent, skill
from totalaud.pushing import push_folder

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


class Together(JetStreamLog):
    """A log far away: nobody is answered before the next one has asked."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus)
        self._both = asyncio.Barrier(2)

    async def load(self, aggregate: Aggregate, after: int = 0) -> Past:
        await self._both.wait()
        return await super().load(aggregate, after)


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


async def test_all_there_is_is_known_at_once_and_what_comes_by_the_feed(bus: Bus):
    async def registered(name: str) -> None:
        events = (SkillRegistered(definition=definition(name)),)
        commit = Commit(commit_id=uuid4(), at=datetime.now(UTC), events=events)
        await JetStreamLog(bus).append(skill(name), commit, expected=0)

    await push(bus, SCOUT)
    await registered("find")
    registry = await Registry.load(bus, JetStreamLog(bus))
    assert ([one.definition.name for one in registry.skills()], registry.agents()) == (["find"], [SCOUT])
    with capture_logs() as logs:
        await registered("write")
        async with asyncio.timeout(10):
            while [one.definition.name for one in registry.skills()] != ["find", "write"]:
                await asyncio.sleep(0.02)
        await bus.settled()
    assert logs == [], "what is seen is not read again"


async def test_what_there_is_is_read_beside_each_other(bus: Bus):
    await push(bus, SCOUT)
    await push(bus, COACH)
    async with asyncio.timeout(10):
        await seen(await Registry.load(bus, Together(bus)), SCOUT, COACH)


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


async def unreadable(bus: Bus, aggregate: Aggregate) -> int:
    """Write what a release that we do not know may have written; return its sequence."""
    return (await bus.publish(aggregate.subject, b'{"events": [{"type": "OfALaterRelease"}]}')).seq


async def refusal_of(asked: object) -> Refusal:
    with pytest.raises(Refusal) as refused:
        await asked  # type: ignore[misc]
    return refused.value


async def test_a_definition_that_cannot_be_read_is_refused_alone_and_told_of_once(bus: Bus):
    await push(bus, SCOUT)
    await push(bus, COACH)
    first = definition("broken")
    commit = Commit(commit_id=uuid4(), at=datetime.now(UTC), events=(SkillRegistered(definition=first),))
    await JetStreamLog(bus).append(skill("broken"), commit, expected=0)
    seqs = {await unreadable(bus, skill("broken")), await unreadable(bus, agent("coach-agent"))}
    with capture_logs() as logs:
        registry = await Registry.load(bus, JetStreamLog(bus))
        refusal = await refusal_of(registry.skill("broken"))
        assert (refusal.code, refusal.field) == ("unreadable_definition", "skill")
        assert (await refusal_of(registry.agent("coach"))).field == "agent"
    assert {line["seq"] for line in logs} == seqs
    assert len(logs) == len(seqs)
    assert all("push it under another name" in line["reason"] for line in logs)
    assert await registry.definition("broken", first.hash) == first
    assert await registry.definition("broken", "0" * 64) is None
    assert await registry.agent("scout") == SCOUT


async def test_a_definition_that_cannot_be_read_any_more_is_told_of_while_services_run(bus: Bus):
    await push(bus, SCOUT)
    registry = await Registry.load(bus, JetStreamLog(bus))
    with capture_logs() as logs:
        await unreadable(bus, agent(SCOUT.name))
        async with asyncio.timeout(10):
            while not logs:
                await asyncio.sleep(0.05)
        await bus.settled()
    assert [line["event"] for line in logs] == ["a definition cannot be read"]
    assert (await refusal_of(registry.agent("scout"))).code == "unreadable_definition"


@pytest.mark.timeout(120)
async def test_services_start_and_work_beside_definitions_that_cannot_be_read():
    with data_folder() as home:
        async with running_stack(copied=plain_skills, data=home) as stack:
            bus = await Bus.connect(stack.place.nats_url, name="test")
            for aggregate in (skill("never-read"), skill("echo"), agent("tester-agent")):
                await unreadable(bus, aggregate)
            await bus.close()
        async with running_stack(data=home, skills=stack.skills) as stack, await client_of(stack) as client:
            done, problems = await push_folder(client.operator, stack.skills)
            assert done["changed"] == []
            assert [problem.split("'")[1] for problem in problems] == ["echo", "tester-agent"]
            refusal = await refusal_of(client.execute("echo", {"text": "hello"}))
            assert refusal.code == "unreadable_definition"
            counted = await client.execute("count", {"numbers": [1, 2]})
            assert (await client.skill_outcome(counted.id)).output["total"] == 3


@pytest.mark.parametrize("verb", ["push", "enable"])
async def test_while_the_log_is_away_the_operator_is_answered_and_may_ask_again(verb: str, bus: Bus):
    log = JetStreamLog(bus)
    body = {"push": {"agents": [SCOUT.model_dump(mode="json")]}, "enable": {"name": "find"}}[verb]
    await bus.listen(OPERATED, Definitions(log, Registry(log)).operate)
    await bus.client.jetstream().delete_stream("EVT")
    answer = await bus.request(f"ops.skill.{verb}", dumps(body))
    assert answer
    assert loads(answer)["error"]["code"] == "unavailable"
