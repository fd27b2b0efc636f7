"""A provider that takes few calls, or none for a while: whoever asks waits, and everything is answered."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from rig import client_of
from totalaud.logged import Logged
from totalaud.stack.local import LocalStack

SESSIONS, PER_S = 40, 8.0
SELDOM_PER_S = 0.1
TRIES = 4
ARTIST = {"name": "Neon Harbour", "genre": "synthpop", "facts": [{"text": "They record at home"}]}


def pitch(contacts: int) -> dict[str, Any]:
    people = [{"id": str(uuid4()), "name": f"Person {n}", "outlet": f"Outlet {n}"} for n in range(contacts)]
    return {"skill": "generate-pitch", "input": {"contacts": people, "artistInfo": ARTIST}}


async def model(stack: LocalStack, path: str, method: str = "GET", body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{stack.place.model_url}/{path}", data, method=method)
    return json.loads(await asyncio.to_thread(lambda: urllib.request.urlopen(request).read()))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("contacts", [1, 40])
async def test_more_than_a_provider_takes_waits_and_is_all_answered_once(stack: LocalStack, contacts: int):
    async with await client_of(stack, uuid4()) as client:
        await model(stack, "calls", "DELETE")
        await model(stack, "faults", "PUT", {"calls_per_s": PER_S, "latency_s": 0.2})
        try:
            runs = [await client.run("coach-agent", [pitch(contacts)]) for _ in range(SESSIONS // contacts)]
            results = await asyncio.gather(*(client.outcome(run.id) for run in runs))
            told = await model(stack, "calls")
        finally:
            await model(stack, "faults", "PUT", {})
    assert [len(result.outputs[0]["pitches"]) for result in results] == [contacts] * len(runs)
    assert told["total"] == SESSIONS
    assert told["refused"] < SESSIONS


@pytest.mark.timeout(120)
async def test_a_provider_that_is_away_for_longer_than_three_attempts_fails_nothing(stack: LocalStack):
    async with await client_of(stack, uuid4()) as client:
        await model(stack, "calls", "DELETE")
        await model(stack, "faults", "PUT", {"error_rate": 1, "error_status": 503})
        try:
            run = await client.run("coach-agent", [pitch(1)])
            while (await model(stack, "calls"))["total"] < TRIES:
                await asyncio.sleep(0.1)
        finally:
            await model(stack, "faults", "PUT", {})
        result = await client.outcome(run.id)
        events = [event async for commit in client.events(run.id) for event in commit.events]
    failed = [event["error"]["code"] for event in events if event["type"] == "AttemptFailed"]
    assert failed[:TRIES] == ["provider_away"] * TRIES
    assert len(result.outputs[0]["pitches"]) == 1


@pytest.mark.timeout(120)
async def test_whoever_watches_is_told_that_a_session_waits_for_its_provider(stack: LocalStack):
    async with await client_of(stack, uuid4()) as client:
        await model(stack, "calls", "DELETE")
        await model(stack, "faults", "PUT", {"calls_per_s": SELDOM_PER_S})
        try:
            first = [await client.run("coach-agent", [pitch(1)]) for _ in range(2)]
            while not (await model(stack, "calls"))["refused"]:
                await asyncio.sleep(0.1)
            waiting = await client.run("coach-agent", [pitch(1)])
            told = await anext(deferrals(client.watch(waiting.id)))
            await client.tables.caught_up(told.seq)
            row = await client.tables.session(waiting.id)
        finally:
            await model(stack, "faults", "PUT", {})
        results = await asyncio.gather(*(client.outcome(run.id) for run in (*first, waiting)))
        assert len([commit async for commit in deferrals(client.events(waiting.id))]) == 1
        [*_, last] = [commit async for commit in client.events(waiting.id)]
        await client.tables.caught_up(last.seq)
        after = await client.tables.session(waiting.id)
    assert row is not None
    assert (row["status"], row["waiting_on"]) == ("running", "provider")
    assert [event["code"] for event in told.events] == ["rate_limited"]
    assert [len(result.outputs[0]["pitches"]) for result in results] == [1] * 3
    assert after is not None
    assert after["waiting_on"] is None


async def deferrals(commits: AsyncIterator[Logged]) -> AsyncIterator[Logged]:
    async for commit in commits:
        if any(event["type"] == "AttemptDeferred" for event in commit.events):
            yield commit
