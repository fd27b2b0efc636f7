"""kill -9 under load: everything completes, nothing is doubled; log, tables and the provider's bill agree."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from check import UNEVEN, Story, check, lies, story_of
from kills.hunt import RUNNER, Hunt
from kills.recovery import recoveries
from load import Load, loaded
from projected import whole_log
from shared.commit import decode
from shared.events import SessionCompleted

pytestmark = pytest.mark.timeout(180)
ACK_WAIT_S = 2.0
GRACE_S = 20.0
PAUSE_S = 1.0
TIMES = 2
AWAY_S = 5.0
LIES: dict[str, Callable[[Story], dict[str, Any]]] = {
    "a commit is there twice": lambda story: {"commits": [*story.commits, story.commits[-1]]},
    "the end of a session is missing": lambda story: {"commits": _without_an_end(story)},
    "an attempt has no row": lambda story: {"executions": dict([*story.executions.items()][1:])},
    "a row was never settled": lambda story: {"executions": {**story.executions, **_unsettled(story)}},
    "a contact is missing": lambda story: {"contacts": story.contacts - 1},
    "a call was made twice": lambda story: {"calls": {**story.calls, next(iter(story.calls)): 2}},
    "a call belongs to no attempt": lambda story: {"calls": {**story.calls, str(uuid4()): 1}},
    "an answer was never called for": lambda story: {"calls": dict([*story.calls.items()][1:])},
    "the bill is higher": lambda story: {"bill": story.bill + Decimal("0.0001")},
    "the bill is lower": lambda story: {"bill": story.bill - Decimal("0.0001")},
    "something was buried": lambda _: {"dead_letters": ["a letter"]},
    "a session does not add up": lambda _: {"uneven": ["a session"]},
}
COSTS = ("agent_sessions", "agent_session_steps", "skill_executions", "model_calls", "ledger")
DOUBTS = ("agent_sessions", "agent_session_steps", "skill_executions", "ledger")


def _without_an_end(story: Story) -> list[Any]:
    return [
        (aggregate, commit)
        for aggregate, commit in story.commits
        if not any(isinstance(event, SessionCompleted) for event in commit.events)
    ]


def _unsettled(story: Story) -> dict[Any, Any]:
    id_, row = next(iter(story.executions.items()))
    return {id_: {**row, "status": None}}


@pytest.fixture(scope="module")
async def load() -> AsyncIterator[Load]:
    """One stack for all of it: what one test left behind, the next one's check would find too."""
    waits = {"TOTALAUD_ACK_WAIT_S": str(ACK_WAIT_S), "TOTALAUD_GRACE_S": str(GRACE_S)}
    async with loaded(orchestrators=2, runners=3, **waits) as load:
        yield load


@pytest.fixture(scope="module")
async def story(load: Load) -> Story:
    """What was told once no more was under way; nothing happens between the tests that ask for it."""
    return await story_of(load)


@pytest.fixture
async def busy(load: Load) -> Load:
    load.begin()
    return load


def hunt_of(load: Load) -> Hunt:
    return Hunt(load, random.Random(1), PAUSE_S)


async def test_with_no_fault_every_attempt_is_executed_exactly_once(busy: Load):
    await asyncio.sleep(2)
    await busy.rest()
    checked = await check(busy)
    assert (checked.lost, checked.in_doubt) == (0, 0)
    assert (checked.attempts, checked.calls) == (4 * checked.sessions, 2 * checked.sessions)


@pytest.mark.parametrize("lie", LIES)
async def test_a_story_that_does_not_agree_is_noticed(load: Load, story: Story, lie: str):
    assert list(lies(load, story)) == []
    assert list(lies(load, replace(story, **LIES[lie](story))))


@asynccontextmanager
async def until_it_is_undone(connection: asyncpg.Connection) -> AsyncIterator[None]:
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


@pytest.mark.parametrize(
    ("table", "column"),
    [*((table, "cost_usd") for table in COSTS), *((table, "in_doubt_usd") for table in DOUBTS)],
)
async def test_a_cost_that_is_off_in_one_table_alone_is_noticed(load: Load, table: str, column: str):
    connection = await asyncpg.connect(load.stack.place.database_url)
    try:
        before = await connection.fetch(UNEVEN)
        async with until_it_is_undone(connection):
            await connection.execute(f"UPDATE {table} SET {column} = coalesce({column}, 0) + 1e-9")
            after = await connection.fetch(UNEVEN)
    finally:
        await connection.close()
    assert (before, bool(after)) == ([], True)


async def test_runners_that_are_told_to_stop_report_what_they_are_paid_for(load: Load):
    lost = (await check(load)).lost
    load.begin()
    for name in [name for name in load.targets() if name.startswith(RUNNER)]:
        await load.busy()
        await load.stack.halt(name)
        await load.stack.resume(name)
    await load.rest()
    assert (await check(load)).lost == lost


async def test_every_service_and_server_killed_under_load_loses_and_doubles_nothing(busy: Load):
    hunt = hunt_of(busy)
    await hunt.some(TIMES * len(busy.targets()))
    await busy.rest()
    await check(busy)
    assert dict(hunt.by_target()) == dict.fromkeys(busy.targets(), TIMES)
    assert set(busy.targets()) == {
        *("nats", "postgres", "projector", "campaigns", "orchestrator-1", "orchestrator-2"),
        *("skill-runner-1", "skill-runner-2", "skill-runner-3"),
    }


async def test_seconds_without_postgres_lose_nothing(busy: Load):
    await busy.busy()
    await busy.stack.halt("postgres")
    await asyncio.sleep(AWAY_S)
    await busy.stack.resume("postgres")
    await busy.rest()
    await check(busy)


async def test_a_killed_runner_s_steps_move_again_within_its_ack_wait_and_a_second(busy: Load):
    hunt = hunt_of(busy)
    await hunt.runner_alone(ACK_WAIT_S)
    await busy.rest()
    await check(busy)
    entries = await whole_log(busy.client.bus)
    took = recoveries(hunt.kills, (decode(entry.body) for entry in entries))
    assert took
    assert max(took) <= ACK_WAIT_S + 1
