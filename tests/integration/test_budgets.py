"""Limits on a whole stack, with a provider that bills what it answers."""

import asyncio
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from asking import INTERRUPT, totalaud, typed
from provider import Provider, billing_provider
from rig import client_of, running_stack
from shared.refusal import Refusal
from totalaud.client import Client
from totalaud.errors import SkillFailed, WorkflowFailed
from totalaud.stack.local import LocalStack

WRITE = {"skill": "write", "input": {"topic": "a single"}}
COUNT = {"skill": "count", "input": {"numbers": [1, 2, 3]}}


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[Provider]:
    async with billing_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
async def stack(provider: Provider) -> AsyncIterator[LocalStack]:
    async with running_stack(**provider.environment) as stack:
        yield stack


@pytest.fixture
async def client(stack: LocalStack, provider: Provider) -> AsyncIterator[Client]:
    await provider.slow(0)
    async with await client_of(stack, uuid4()) as client:
        yield client


async def run(client: Client, *steps, **options):
    accepted = await client.run("tester", steps or [WRITE], **options)
    return await client.outcome(accepted.id)


async def ledger(client: Client):
    """The rows of the account, once everything is settled."""
    async with asyncio.timeout(20):
        while True:
            await client.tables.caught_up((await client.budgets.get())["seq"])
            rows = await client.budgets.ledger(limit=100)
            if all(row["state"] != "reserved" for row in rows):
                return rows
            await asyncio.sleep(0.05)


async def test_what_a_call_cost_is_in_the_ledger_to_the_cent(client: Client):
    result = await run(client)
    (row,) = await ledger(client)
    found = await client.budgets.get()
    assert result.cost_usd > 0
    assert row["cost_usd"] == pytest.approx(result.cost_usd, abs=1e-9)
    assert Decimal(found["user"]["spent_usd"]) == Decimal(str(row["cost_usd"]))
    assert found["user"]["spent_usd"] == found["day"]["spent_usd"]
    assert (found["user"]["reserved_usd"], found["in_doubt_usd"]) == ("0", "0")


async def test_what_was_set_aside_covers_what_it_cost(client: Client):
    await run(client)
    (row,) = await ledger(client)
    assert 0 < row["cost_usd"] <= row["reserved_usd"]


async def test_a_free_skill_has_no_account(client: Client):
    await run(client, COUNT)
    assert await client.budgets.ledger() == []


async def test_a_session_that_may_not_spend_fails_before_the_call_and_keeps_what_it_has(
    client: Client, provider: Provider
):
    before = await provider.calls()
    with pytest.raises(WorkflowFailed) as failed:
        await run(client, COUNT, WRITE, budget={"limit_usd": "0.001"})
    assert failed.value.failed_step == 2
    assert failed.value.code == "budget_exceeded"
    assert failed.value.outputs[0] == {"total": 6, "numbers": [1, 2, 3]}
    assert await provider.calls() == before


async def test_a_skill_alone_has_a_limit_of_its_own_too(
    client: Client, stack: LocalStack, provider: Provider
):
    words = ("skill", "write", "--input", "topic=a single", "--json", "--budget")
    before = await provider.calls()
    refused = await totalaud(stack, client.user, *words, "0.001")
    assert (refused.code, refused.document["error"]["code"]) == (1, "budget_exceeded")
    assert await provider.calls() == before
    assert (await totalaud(stack, client.user, *words, "1")).document["cost_usd"] > 0


async def test_that_it_has_no_limit_of_its_own_may_be_said(client: Client, stack: LocalStack):
    words = ("skill", "write", "--input", "topic=a single", "--json", "--budget", "none")
    assert (await totalaud(stack, client.user, *words)).document["cost_usd"] > 0


async def test_a_raised_limit_and_a_retry_go_on_under_the_same_id(client: Client):
    with pytest.raises(WorkflowFailed) as failed:
        await run(client, COUNT, WRITE, budget={"limit_usd": "0.001"})
    await client.budgets.set("1", session_id=failed.value.session_id)
    await client.retry(failed.value.session_id)
    result = await client.outcome(failed.value.session_id)
    assert result.status == "completed"


@pytest.mark.parametrize("scope", ["user", "day"])
async def test_a_session_waits_for_money_and_goes_on_by_itself(client: Client, scope: str):
    await client.budgets.set("0.0001", scope=scope, policy="wait")
    accepted = await client.run("tester", [WRITE])
    async with asyncio.timeout(20):
        while (row := await client.tables.session(accepted.id)) is None or row["waiting_on"] != "budget":
            await asyncio.sleep(0.05)
    assert row["status"] == "running"
    await client.budgets.set("1", scope=scope)
    async with asyncio.timeout(20):
        assert (await client.outcome(accepted.id)).status == "completed"


@pytest.mark.parametrize("alone", [True, False])
async def test_whoever_waits_for_a_result_is_told_what_holds_it_up_and_nothing_of_it_afterwards(
    client: Client, stack: LocalStack, alone: bool
):
    await client.budgets.set("0.0001", policy="wait")
    accepted = await (client.execute("write", WRITE["input"]) if alone else client.run("tester", [WRITE]))
    result = ("skills" if alone else "session", "result", accepted.id)
    held_up = "waits for money: 'totalaud budget set' raises the limit"
    told = await typed(stack, client.user, *result, prompt=held_up, keys=INTERRUPT)
    assert (told.code, told.out.count(held_up)) == (130, 1)
    await client.budgets.set("1")
    await (client.skill_outcome if alone else client.outcome)(accepted.id)
    assert held_up not in (await totalaud(stack, client.user, *result)).err


async def test_whoever_waits_for_money_that_others_set_aside_goes_on_when_it_is_free(
    client: Client, provider: Provider
):
    await provider.slow(0.3)
    await client.budgets.set("0.1", policy="wait")
    began = time.monotonic()
    started = [await client.run("tester", [WRITE]) for _ in range(9)]
    async with asyncio.timeout(40):
        for one in started:
            assert (await client.outcome(one.id)).status == "completed"
    assert time.monotonic() - began < 20, "there is money for three at once"


async def test_a_model_without_a_price_is_refused_under_a_limit_and_flagged_without(client: Client):
    unpriced = {"skill": "write-unpriced", "input": {"topic": "a single"}}
    assert (await run(client, unpriced)).unpriced_calls == 1
    assert (await client.budgets.get())["unpriced_calls"] == 1
    for policy in ("fail", "wait"):
        await client.budgets.set("100", policy=policy)
        with pytest.raises(WorkflowFailed) as failed:
            await run(client, unpriced)
        assert failed.value.code == "unknown_price"


async def test_the_same_limit_again_is_no_news(client: Client):
    assert not (await client.budgets.set("2.50"))["duplicate"]
    assert (await client.budgets.set("2.5"))["duplicate"]


async def test_nobody_sets_a_limit_for_another_s_session(client: Client, stack: LocalStack):
    accepted = await client.run("tester", [COUNT])
    async with await client_of(stack, uuid4()) as other:
        with pytest.raises(Refusal) as refused:
            await other.budgets.set("1", session_id=accepted.id)
    assert (refused.value.code, refused.value.field) == ("not_found", "session_id")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scope": "user"}, "limit_usd"),
        ({"scope": "month", "limit_usd": 1}, "scope"),
        ({"scope": "user", "limit_usd": -1}, "limit_usd"),
        ({"scope": "user", "limit_usd": "much"}, "limit_usd"),
        ({"scope": "user", "limit_usd": "NaN"}, "limit_usd"),
        ({"scope": "session", "limit_usd": 1}, "session_id"),
        ({"scope": "user", "limit_usd": 1, "policy": "hope"}, "policy"),
        ({"scope": "user", "limit_usd": 1, "colour": "red"}, "colour"),
    ],
)
async def test_a_limit_that_makes_no_sense_is_refused_by_its_field(client: Client, body, field):
    before = await client.budgets.get()
    with pytest.raises(Refusal) as refused:
        await client.door.ask(client.user, "budget", "set", body)
    assert refused.value.field == field
    assert await client.budgets.get() == before


async def test_a_cancel_ends_the_running_call_within_a_second_and_says_what_it_may_have_cost(
    client: Client, provider: Provider
):
    await provider.slow(20)
    before = len(await provider.calls())
    accepted = await client.run("tester", [WRITE])
    async with asyncio.timeout(20):
        while len(await provider.calls()) == before:
            await asyncio.sleep(0.02)
    began = time.monotonic()
    await client.cancel(accepted.id)
    async with asyncio.timeout(20):
        while not await _reported_late(client, accepted.id):
            await asyncio.sleep(0.01)
    assert time.monotonic() - began < 1
    (row,) = await ledger(client)
    assert (row["state"], row["cost_usd"]) == ("settled", 0)
    assert 0 < row["in_doubt_usd"] < row["reserved_usd"]
    found = await client.get(accepted.id)
    assert (found.status, found.late_usd) == ("cancelled", row["in_doubt_usd"])


async def test_a_cancel_of_a_skill_alone_ends_its_call_within_a_second_and_settles_it(
    client: Client, provider: Provider
):
    await provider.slow(20)
    before = len(await provider.calls())
    accepted = await client.execute("write", WRITE["input"])
    async with asyncio.timeout(20):
        while len(await provider.calls()) == before:
            await asyncio.sleep(0.02)
    began = time.monotonic()
    cancelled = await client.cancel_skill(accepted.id, reason="enough")
    async with asyncio.timeout(20):
        while not (rows := await client.budgets.ledger(limit=1)) or rows[0]["state"] == "reserved":
            await asyncio.sleep(0.01)
    assert time.monotonic() - began < 1
    assert (rows[0]["state"], rows[0]["cost_usd"]) == ("settled", 0)
    assert 0 < rows[0]["in_doubt_usd"] < rows[0]["reserved_usd"]
    with pytest.raises(SkillFailed) as failed:
        await client.skill_outcome(accepted.id)
    assert (failed.value.code, failed.value.message) == ("cancelled", "enough")
    await client.tables.caught_up(cancelled.seq)
    sql = "SELECT status, error_code FROM skill_executions WHERE execution_id = $1"
    row = await client.tables.row(sql, UUID(accepted.id))
    assert row is not None
    assert (row["status"], row["error_code"]) == ("error", "cancelled")


async def _reported_late(client: Client, session_id: str) -> bool:
    commits = [commit async for commit in client.events(session_id)]
    return any(event["type"] == "AttemptReportedLate" for commit in commits for event in commit.events)


async def test_a_person_sets_and_reads_it_in_eighty_columns(client: Client, stack: LocalStack):
    await run(client)
    await ledger(client)
    told = await totalaud(stack, client.user, "budget", "set", "2.50", "--day")
    assert told.out.strip() == "budget each day (UTC): $2.50"
    told = await totalaud(stack, client.user, "budget", "set", "1e2", "--day")
    assert told.out.strip() == "budget each day (UTC): $100"
    await totalaud(stack, client.user, "budget", "set", "2.50", "--day", "--wait")
    await totalaud(stack, client.user, "budget", "set", "2.5", "--day")
    told = await totalaud(stack, client.user, "budget", "get")
    assert "$2.5000" in told.out
    assert "steps wait" in told.out
    assert all(len(line) <= 80 for line in told.out.splitlines())
    told = await totalaud(stack, client.user, "budget", "ledger")
    assert "settled" in told.out
    assert all(len(line) <= 80 for line in told.out.splitlines())
    told = await totalaud(stack, client.user, "budget", "set", "lots")
    assert told.code != 0
    assert "give US dollars" in told.err
