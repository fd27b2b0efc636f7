"""What waits in memory or lies in derived streams comes back from the log."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from rig import client_of, running_stack
from totalaud.client import Client
from totalaud.errors import Unreachable, WorkflowFailed
from totalaud.stack.local import LocalStack


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[LocalStack]:
    async with running_stack() as stack:
        yield stack


@pytest.fixture
async def client(stack: LocalStack) -> AsyncIterator[Client]:
    async with await client_of(stack, uuid4()) as client:
        yield client


async def types(client: Client, session_id: str) -> list[str]:
    return [event["type"] async for commit in client.events(session_id) for event in commit.events]


async def outcome(client: Client, session_id: str):
    """Wait for the end, however long nobody answers."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await client.outcome(session_id)
            except Unreachable:
                continue


async def test_a_retry_that_waits_survives_the_kill_of_its_orchestrator(stack: LocalStack, client: Client):
    started = await client.run("tester", [{"skill": "fail-slowly", "input": {"text": "once more"}}])
    async with asyncio.timeout(10):
        while "RetryScheduled" not in await types(client, started.id):
            await asyncio.sleep(0.05)
    await stack.kill("orchestrator")
    with pytest.raises(WorkflowFailed):
        await outcome(client, started.id)
    assert (await types(client, started.id)).count("AttemptRequested") == 2


async def test_work_that_was_lost_is_dispatched_again(stack: LocalStack, client: Client):
    await stack.halt("skill-runner")
    started = await client.run("tester", [{"skill": "count", "input": {"numbers": [1, 2]}}])
    await client.bus.client.jetstream().purge_stream("WORK")
    await stack.kill("orchestrator")
    await stack.resume("skill-runner")
    assert (await outcome(client, started.id)).outputs[0]["total"] == 3
    assert (await types(client, started.id)).count("AttemptRequested") == 1
