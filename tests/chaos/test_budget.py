"""Two hundred calls at once with money for fifty, runners killed meanwhile: never one too many."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from check import check
from load import Load, loaded
from orchestrator.ledger import Ledger, fold
from projected import whole_log
from shared.clock import utc_now
from shared.commit import decode
from shared.events import AttemptStarted
from shared.jetstream_log import JetStreamLog
from shared.subjects import Aggregate, ledger

pytestmark = pytest.mark.timeout(180)
CALLS, PAID_FOR, KILLS = 200, 50, 2
ACK_WAIT_S, CALL_S = 3.0, 16.0
WRITE = {"skill": "write-once", "input": {"topic": "a single"}}


@pytest.fixture(scope="module")
async def load() -> AsyncIterator[Load]:
    async with loaded(
        orchestrators=2,
        runners=3,
        TOTALAUD_CONCURRENCY=str(CALLS),
        TOTALAUD_ACK_WAIT_S=str(ACK_WAIT_S),
    ) as load:
        yield load


@pytest.fixture
async def started(load: Load) -> list[str]:
    """Sessions that want one call each, of a user who has money for fifty."""
    await load.provider.slow(0)
    await load.end(await load.start([WRITE]))
    await check(load)
    most = max(Decimal(str(row["reserved_usd"])) for row in await load.client.budgets.ledger())
    spent = Decimal((await load.client.budgets.get())["user"]["spent_usd"])
    await load.client.budgets.set(spent + PAID_FOR * most)
    await load.provider.slow(CALL_S)
    return await asyncio.gather(*(load.start([WRITE]) for _ in range(CALLS)))


async def all_ended(load: Load, started: list[str]) -> Counter[str]:
    """Return how many of the sessions ended how."""
    ended = "SELECT count(*) FROM agent_sessions WHERE status IN ('completed', 'failed')"
    while await load.count(ended) < len(load.sessions):
        await asyncio.sleep(0.2)
    await asyncio.gather(*(load.end(id_) for id_ in started))
    return Counter(load.failed.get(id_, "completed") for id_ in started)


async def claims(load: Load) -> list[tuple[str, AttemptStarted]]:
    """Return what runners were told to run, each with its session."""
    return [
        (Aggregate.parse(entry.subject).id, event)
        for entry in await whole_log(load.client.bus)
        for event in decode(entry.body).events
        if isinstance(event, AttemptStarted)
    ]


async def begun(load: Load, started: list[str]) -> int:
    return sum(session in started for session, _ in await claims(load))


async def held_at_once(load: Load) -> AsyncIterator[int]:
    """Yield for how many attempts money was set aside after each commit, all of it within the limit.

    A call that ended cost less than was set aside for it, so that one more may begin.
    """
    known, day = Ledger(), utc_now().date()
    for recorded in (await JetStreamLog(load.client.bus).load(ledger(load.client.user))).recorded:
        known = fold(recorded.commit.events, known)
        purse = known.purse("user", day)
        assert purse.limit is None or purse.spent + purse.reserved <= purse.limit
        yield len(known.open)


async def kill_one_that_calls(load: Load) -> None:
    """Kill the living skill-runner of a call that the provider is answering."""
    while True:
        calls = await load.provider.in_the_air()
        calling = {claim.runner for _, claim in await claims(load) if str(claim.attempt_id) in calls}
        for one in load.stack.status():
            if any(f"-{one.pid}-" in runner for runner in calling):
                await load.stack.kill(one.name)
                return
        await asyncio.sleep(0.05)


async def test_exactly_as_many_calls_begin_as_there_is_money_for(load: Load, started: list[str]):
    ended = await all_ended(load, started)
    checked = await check(load)
    assert ended == {"completed": PAID_FOR, "budget_exceeded": CALLS - PAID_FOR}
    assert await begun(load, started) == PAID_FOR
    assert checked.in_doubt == 0


async def test_killed_runners_leave_doubts_but_never_a_call_too_many(load: Load, started: list[str]):
    for _ in range(KILLS):
        await kill_one_that_calls(load)
    ended = await all_ended(load, started)
    checked = await check(load)
    assert max([held async for held in held_at_once(load)]) <= PAID_FOR
    assert checked.in_doubt > 0
    assert ended["lost"] > 0
    account = (await load.client.budgets.get())["user"]
    assert Decimal(account["spent_usd"]) <= Decimal(account["limit_usd"])
