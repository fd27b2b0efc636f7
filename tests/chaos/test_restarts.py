"""What waits in memory or lies in derived streams comes back from the log."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from check import check
from load import Load, alone
from rig import plain_skills, running_stack
from shared.json import dumps
from shared.streams import provision


@pytest.fixture(scope="module")
async def load() -> AsyncIterator[Load]:
    async with running_stack(copied=plain_skills) as stack:
        load = await alone(stack)
        yield load
        await load.client.close()


async def types(load: Load, session_id: str) -> list[str]:
    return [event["type"] async for commit in load.client.events(session_id) for event in commit.events]


async def test_a_retry_that_waits_survives_the_kill_of_its_orchestrator(load: Load):
    load.may_fail = frozenset({"skill_error"})
    session_id = await load.start([{"skill": "fail-slowly", "input": {"text": "once more"}}])
    async with asyncio.timeout(10):
        while "RetryScheduled" not in await types(load, session_id):
            await asyncio.sleep(0.05)
    await load.stack.kill("orchestrator")
    await load.end(session_id)
    assert load.failed == {session_id: "skill_error"}
    assert (await types(load, session_id)).count("AttemptRequested") == 2
    await check(load)


@pytest.mark.parametrize("killed", ["orchestrator", "nats"])
async def test_work_that_was_lost_is_dispatched_again(load: Load, killed: str):
    await load.stack.halt("skill-runner")
    session_id = await load.start([{"skill": "count", "input": {"numbers": [1, 2]}}])
    await load.client.bus.client.jetstream().purge_stream("WORK")
    await load.stack.kill(killed)
    await load.stack.resume("skill-runner")
    await load.end(session_id)
    assert (await load.client.outcome(session_id)).outputs[0]["total"] == 3
    assert (await types(load, session_id)).count("AttemptRequested") == 1
    await check(load)


async def test_commands_that_are_all_delivered_again_are_done_once(load: Load):
    load.may_fail = frozenset({"skill_error"})
    session_id = await load.start([{"skill": "fail", "input": {"text": "once more"}}])
    await load.end(session_id)
    bus, whose = load.client.bus, f"cmd.{load.client.user}"
    await bus.publish(f"{whose}.session.retry", dumps({"session_id": session_id}))
    for usd in ("1", "2"):
        await bus.publish(f"{whose}.budget.set", dumps({"scope": "day", "limit_usd": usd}))
    await ended_again(load, session_id)
    done = await types(load, session_id)
    await bus.client.jetstream().delete_consumer("CMD", "orchestrator")
    await provision(bus, ack_wait_s=2)
    async with asyncio.timeout(30):
        while (info := await bus.client.jetstream().consumer_info("CMD", "orchestrator")).num_pending:
            await asyncio.sleep(0.05)
        assert info.delivered
        assert info.delivered.consumer_seq >= 3
    await ended_again(load, session_id)
    assert await types(load, session_id) == done
    assert (await load.client.budgets.get())["day"]["limit_usd"] == "2"
    await check(load)


async def ended_again(load: Load, session_id: str) -> None:
    """Wait until the session has failed a second time and nothing is on its way."""
    async with asyncio.timeout(30):
        while (await types(load, session_id)).count("SessionFailed") < 2:
            await asyncio.sleep(0.05)
    await asyncio.sleep(1)
