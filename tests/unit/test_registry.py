"""What a registry knows of skills and agents, folded from their histories."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from nats.aio.msg import Msg

from controls import NOW
from orchestrator.definitions import Definitions
from shared.commit import Commit
from shared.definitions import AgentDefinition, SkillDefinition
from shared.events import AgentRegistered, SkillDisabled, SkillEnabled, SkillRegistered
from shared.json import dumps
from shared.listening import Heard
from shared.log import MemoryLog, Past
from shared.registry import Registry, Skill
from shared.subjects import Aggregate, agent, skill


def version(hash_: str, **changes: Any) -> SkillDefinition:
    return SkillDefinition(
        name="find",
        category="analysis",
        provider="custom",
        input_schema={},
        output_schema={},
        hash=hash_.ljust(64, "0"),
        **changes,
    )


ONE, TWO = version("1"), version("2")


async def add(log: MemoryLog, aggregate: Aggregate, *events: Any) -> None:
    for event in events:
        before = (await log.load(aggregate)).seq
        await log.append(aggregate, Commit(commit_id=uuid4(), at=NOW, events=(event,)), expected=before)


async def known(*events: Any) -> Skill | None:
    log = MemoryLog()
    await add(log, skill("find"), *events)
    return await Registry(log).skill("find")


async def test_the_newest_version_counts_and_every_older_one_is_kept():
    found = await known(SkillRegistered(definition=ONE), SkillRegistered(definition=TWO))
    assert (found.definition, found.versions) == (TWO, (ONE, TWO))


async def test_a_skill_that_was_switched_stays_so_whatever_its_file_says():
    for enabled in (True, False):
        registered = SkillRegistered(definition=version("1", enabled=enabled))
        assert (await known(registered)).enabled is enabled
        assert not (await known(registered, SkillDisabled(), registered)).enabled
        assert (await known(registered, SkillDisabled(), SkillEnabled(), registered)).enabled


class Together(MemoryLog):
    """A log far away: who reads it one by one would wait for long, so nobody is answered before the next."""

    def __init__(self) -> None:
        super().__init__()
        self._both = asyncio.Barrier(2)

    async def load(self, aggregate: Aggregate, after: int = 0) -> Past:
        await self._both.wait()
        return await super().load(aggregate, after)


async def test_definitions_are_pushed_beside_each_other():
    log = Together()
    registry, names = Registry(log), ["find", "write"]
    skills = [version("1").model_copy(update={"name": name}).model_dump(mode="json") for name in names]
    async with asyncio.timeout(10):
        push = Heard("ops.skill.push", dumps({"skills": skills}), {}, Msg(None))
        await Definitions(log, registry).operate(push)
    assert sorted(one.definition.name for one in registry.skills()) == names


@pytest.mark.parametrize("verb", ["enable", "disable"])
async def test_what_the_operator_says_holds_though_the_file_says_so_already_and_otherwise_later(verb):
    log, on = MemoryLog(), verb == "enable"
    definitions = Definitions(log, Registry(log))

    async def operate(verb: str, body: dict[str, Any]) -> None:
        await definitions.operate(Heard(f"ops.skill.{verb}", dumps(body), {}, Msg(None)))

    async def push(**changes: Any) -> None:
        await operate("push", {"skills": [version("1", **changes).model_dump(mode="json")]})

    await push(enabled=on)
    for _ in range(2):
        await operate(verb, {"name": "find"})
    await push(enabled=not on)
    assert (await definitions.registry.skill("find")).enabled is on
    assert len((await log.load(skill("find"))).events) == 3


async def test_a_version_that_a_session_pinned_is_found_and_one_that_came_since_is_read():
    log = MemoryLog()
    await add(log, skill("find"), SkillRegistered(definition=ONE))
    registry = Registry(log)
    assert await registry.definition("find", ONE.hash) == ONE
    assert await registry.definition("find", TWO.hash) is None
    await add(log, skill("find"), SkillRegistered(definition=TWO))
    assert [await registry.definition("find", one.hash) for one in (ONE, TWO)] == [ONE, TWO]


async def test_a_name_is_unknown_only_if_the_log_does_not_know_it():
    log = MemoryLog()
    registry = Registry(log)
    for name in ("find", "", "find.*", "a b"):
        assert (await registry.skill(name), await registry.agent(name)) == (None, None)
    scout = AgentDefinition(name="scout-agent", domain="scouting", skills=("find",))
    await add(log, skill("find"), SkillRegistered(definition=ONE))
    await add(log, agent("scout-agent"), AgentRegistered(definition=scout))
    assert (await registry.skill("find")).definition == ONE
    assert [await registry.agent(name) for name in ("scout", "scout-agent")] == [scout, scout]
    assert ([one.definition for one in registry.skills()], registry.agents()) == ([ONE], [scout])
    assert await registry.agent("coach") is None


async def test_what_is_known_stays_where_a_copy_of_the_log_is_behind():
    log = MemoryLog()
    registry = Registry(log)
    await add(log, skill("find"), SkillRegistered(definition=ONE), SkillRegistered(definition=TWO))
    await registry.refresh(skill("find"))
    behind = MemoryLog()
    await add(behind, skill("find"), SkillRegistered(definition=ONE))
    registry._log = behind
    await registry.refresh(skill("find"))
    assert (await registry.skill("find")).definition == TWO
