"""Two hundred calls at once with money for fifty, runners killed meanwhile: never one too many."""

import asyncio
import random
from collections.abc import AsyncIterator
from decimal import Decimal
from uuid import uuid4

import pytest

from load import Load
from provider import Provider, billing_provider
from rig import client_of, running_stack
from shared.events import AttemptStarted

CALLS, PAID_FOR = 200, 50
WRITE = {"skill": "write-once", "input": {"topic": "a single"}}
RUNNERS = ("skill-runner-1", "skill-runner-2", "skill-runner-3")


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with billing_provider() as provider:
        yield provider


@pytest.fixture
async def load(provider: Provider) -> AsyncIterator[Load]:
    """A stack whose user has money for fifty calls, and two hundred sessions that want one each."""
    env = {**provider.environment, "TOTALAUD_CONCURRENCY": str(CALLS), "TOTALAUD_ACK_WAIT_S": "5"}
    async with running_stack(orchestrators=2, runners=3, **env) as stack:
        client = await client_of(stack, uuid4())
        first = await client.run("tester", [WRITE])
        await client.outcome(first.id)
        most = (await settled(client))[0]["reserved_usd"]
        spent = Decimal((await client.budgets.get())["user"]["spent_usd"])
        await client.budgets.set(spent + PAID_FOR * Decimal(str(most)))
        await provider.slow(12)
        started = await asyncio.gather(*(client.run("tester", [WRITE]) for _ in range(CALLS)))
        yield Load(stack, client, tuple(one.id for one in started))
        await client.close()


async def settled(client):
    """The account's rows, once nothing is set aside any more."""
    async with asyncio.timeout(200):
        while True:
            found = await client.budgets.get()
            await client.tables.caught_up(found["seq"])
            rows = await client.budgets.ledger(limit=1000)
            if rows and found["user"]["reserved_usd"] == "0" and all(r["state"] != "reserved" for r in rows):
                return rows
            await asyncio.sleep(0.2)


async def all_ended(load: Load) -> list[str]:
    """How each session ended."""
    async with asyncio.timeout(200):
        while True:
            rows = await load.client.list(user=load.client.user, limit=1000)
            ended = [row["status"] for row in rows if str(row["id"]) in load.sessions]
            if len(ended) == CALLS and set(ended) <= {"completed", "failed"}:
                return ended
            await asyncio.sleep(0.2)


async def begun(load: Load) -> int:
    """How many of the two hundred a runner was told to run; the first call of all is not one of them."""
    claims = [one.attempt_id for one in await load.events() if isinstance(one, AttemptStarted)]
    assert len(set(claims)) == len(claims)
    return len(claims) - 1


@pytest.mark.timeout(300)
async def test_exactly_as_many_calls_begin_as_there_is_money_for(load: Load, provider: Provider):
    ended = await all_ended(load)
    assert (ended.count("completed"), ended.count("failed")) == (PAID_FOR, CALLS - PAID_FOR)
    assert await begun(load) == PAID_FOR
    rows = await settled(load.client)
    assert sum(Decimal(str(row["cost_usd"])) for row in rows) == pytest.approx(await provider.bill())
    await load.projected()
    await load.check_fold()


@pytest.mark.timeout(300)
async def test_killed_runners_leave_doubts_but_never_a_call_too_many(load: Load, provider: Provider):
    chance = random.Random(50)
    for _ in range(3):
        await asyncio.sleep(chance.uniform(0.5, 3))
        await load.stack.kill(chance.choice(RUNNERS))
    await all_ended(load)
    assert await begun(load) <= PAID_FOR
    await settled(load.client)
    found = await load.client.budgets.get()
    spent, doubt = Decimal(found["user"]["spent_usd"]), Decimal(found["in_doubt_usd"])
    bill = await provider.bill()
    assert doubt > 0
    assert spent - doubt <= bill + Decimal("1e-9")
    assert bill <= spent + Decimal("1e-9")
    assert spent <= Decimal(found["user"]["limit_usd"])
    await load.projected()
    await load.check_fold()
