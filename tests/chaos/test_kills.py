"""kill -9 under load: everything completes, nothing is doubled, and the tables are the folded log."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from load import Load, begin
from rig import running_stack

AS_SHIPPED = "5"
SERVICES = ("orchestrator", "skill-runner", "projector")


@pytest.fixture
async def load() -> AsyncIterator[Load]:
    async with running_stack(TOTALAUD_ACK_WAIT_S=AS_SHIPPED) as stack:
        load = await begin(stack)
        yield load
        await load.client.close()


@pytest.fixture
async def many() -> AsyncIterator[Load]:
    async with running_stack(orchestrators=2, runners=3, TOTALAUD_ACK_WAIT_S=AS_SHIPPED) as stack:
        load = await begin(stack)
        yield load
        await load.client.close()


async def settled(load: Load) -> None:
    await load.all_complete()
    await load.projected()
    await load.check_rows()
    await load.check_calls()
    await load.check_fold()


async def test_with_no_fault_every_attempt_is_executed_exactly_once(many: Load):
    await settled(many)
    calls = await many.calls()
    assert (len(calls), sum(calls.values())) == (100, 100)


@pytest.mark.timeout(240)
async def test_services_killed_under_load_lose_and_double_nothing(load: Load):
    await load.kill(*SERVICES)
    await settled(load)


@pytest.mark.timeout(240)
async def test_nats_killed_under_load_loses_nothing(load: Load):
    await load.kill("nats", times=2)
    await settled(load)


@pytest.mark.timeout(240)
async def test_ten_seconds_without_postgres_lose_nothing(load: Load):
    await load.busy()
    await load.stack.halt("postgres")
    await asyncio.sleep(10)
    await load.stack.resume("postgres")
    await settled(load)


@pytest.mark.timeout(240)
async def test_two_orchestrators_and_three_runners_killed_in_turn_lose_nothing(many: Load):
    await many.kill("orchestrator-1", "skill-runner-2", "orchestrator-2", "skill-runner-3", times=1)
    await settled(many)
