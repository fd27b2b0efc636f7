"""A list of pitches under a provider that fails half of the time: every one of them is paid for once."""

import asyncio
import json
import urllib.request
from collections import Counter
from uuid import uuid4

import pytest

from rig import client_of
from totalaud.errors import WorkflowFailed
from totalaud.stack.local import LocalStack

PEOPLE = [{"id": str(uuid4()), "name": f"Person {n}", "outlet": f"Outlet {n}"} for n in range(6)]
STEP = {
    "skill": "generate-pitch",
    "input": {
        "contacts": PEOPLE,
        "artistInfo": {
            "name": "Neon Harbour",
            "genre": "synthpop",
            "facts": [{"text": "They record at home"}],
        },
    },
}
MOST_RETRIES = 20


async def weather(stack, **faults) -> None:
    """Order faults for every call of the local model."""
    url, body = f"{stack.place.model_url}/faults", json.dumps(faults).encode()
    request = urllib.request.Request(url, body, method="PUT")
    await asyncio.to_thread(lambda: urllib.request.urlopen(request).read())


async def completed(client, session_id):
    for _ in range(MOST_RETRIES):
        await client.retry(session_id)
        try:
            return await client.outcome(session_id)
        except WorkflowFailed:
            continue
    pytest.fail("it never completed")


@pytest.fixture(scope="module")
async def lived(stack: LocalStack):
    """A session that was retried until it completed, its result, its row and its events."""
    async with await client_of(stack, uuid4()) as client:
        try:
            await weather(stack, error_rate=1, error_status=500)
            accepted = await client.run("coach-agent", [STEP])
            with pytest.raises(WorkflowFailed, match=r"contacts\[\d\]"):
                await client.outcome(accepted.id)
            await weather(stack, error_rate=0.5, error_status=500)
            result = await completed(client, accepted.id)
        finally:
            await weather(stack)
        row = await client.get(accepted.id, min_seq=result.seq)
        events = [event async for commit in client.events(accepted.id) for event in commit.events]
        yield result, row, events


async def test_there_is_one_pitch_for_each_contact_in_their_order(lived):
    result, _, _ = lived
    pitches = result.outputs[0]["pitches"]
    assert [pitch["contact_id"] for pitch in pitches] == [person["id"] for person in PEOPLE]
    assert all(person["name"] in pitch["body"] for person, pitch in zip(PEOPLE, pitches, strict=True))


async def test_each_was_answered_and_paid_once_however_often_it_failed(lived):
    _, _, events = lived
    calls = [event for event in events if event["type"] == "ModelCalled"]
    assert Counter(call["item"] for call in calls if call["outcome"] == "passed") == dict.fromkeys(
        range(6), 1
    )
    assert any(call["outcome"] == "provider_error" for call in calls)


async def test_no_item_is_asked_for_again_once_it_is_in_the_log(lived):
    _, _, events = lived
    done: set[int] = set()
    for event in events:
        if event["type"] == "ModelCalled":
            assert event["item"] not in done
        if event["type"] == "AttemptFailed":
            done |= set(event.get("items", ()))


async def test_the_bill_is_the_sum_of_its_calls(lived):
    _, row, _ = lived
    assert row["list_price_usd"] == pytest.approx(
        sum(call["list_price_usd"] or 0 for call in row["model_calls"])
    )
    assert row["tokens_used"] == sum(
        (call["input_tokens"] or 0) + (call["output_tokens"] or 0) for call in row["model_calls"]
    )


async def test_a_failed_attempt_names_the_item_that_failed(lived):
    _, _, events = lived
    failures = [event["error"]["message"] for event in events if event["type"] == "AttemptFailed"]
    assert failures
    assert all(message.startswith("contacts[") for message in failures)
