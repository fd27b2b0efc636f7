"""Every refusal is counted where it was answered, by words of ours alone, and changes nothing."""

import asyncio
import json
import re
import urllib.request
from collections.abc import AsyncIterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
import yaml

from rig import client_of
from totalaud.client import Client
from totalaud.stack import ports
from totalaud.stack.local import LocalStack

CANARY = "canary-5417"
SERVICES = ("orchestrator", "skill-runner", "projector", "campaigns")
COUNTS = [f"totalaud_{what}_total" for what in ("refusals", "dead_letters", "lines", "calls", "attempts")]
STARTED = "totalaud_start_time_seconds"
MEASURES = {
    "orchestrator": [f"totalaud_queue_{what}" for what in ("waiting", "taken", "pulls")],
    "projector": [
        "totalaud_projection_halted",
        "totalaud_log_sequence",
        "totalaud_tables_sequence",
        "totalaud_parked_histories",
        "totalaud_open_sessions",
        "totalaud_oldest_open_session_seconds",
    ],
}
ROOT = Path(__file__).parents[2]
STEP = {"skill": "count", "input": {"numbers": ["one"]}}


class Refused(NamedTuple):
    """What is sent where, and how it is counted."""

    subject: str
    body: dict[str, Any]
    service: str
    command: str
    code: str


def asked(command: str, body: dict[str, Any], code: str, service: str = "orchestrator") -> Refused:
    return Refused(f"ask.USER.{command}", body, service, command, code)


REFUSED = [
    asked("session.run", {}, "missing_field"),
    asked("session.run", {"agent": CANARY, "steps": [STEP]}, "unknown_agent"),
    asked("session.run", {"agent": "tester", "steps": [STEP]}, "invalid"),
    asked("session.cancel", {"session_id": "UUID", CANARY: 1}, "unknown_field"),
    asked("session.retry", {"session_id": "UUID"}, "not_found"),
    asked("skill.execute", {"skill": CANARY, "input": {}}, "unknown_skill"),
    asked("budget.set", {"scope": CANARY, "limit_usd": "1"}, "invalid"),
    asked("contacts.erase", {"contact_id": CANARY}, "invalid", "campaigns"),
    Refused(f"ask.USER.session.{CANARY}", {}, "orchestrator", "unknown", "unknown_command"),
    Refused(f"ask.{CANARY}.session.{CANARY}", {}, "orchestrator", "unknown", "invalid"),
    Refused(f"ask.USER.contacts.{CANARY}", {}, "campaigns", "unknown", "unknown_command"),
    Refused("ops.skill.enable", {"name": "nobody-has-it"}, "orchestrator", "skill.enable", "unknown_skill"),
    Refused(f"ops.skill.{CANARY}", {}, "orchestrator", "unknown", "unknown_command"),
    Refused(f"ops.projection.{CANARY}", {}, "projector", "unknown", "unknown_command"),
    Refused(f"report.{CANARY}", {}, "orchestrator", "report", "missing_field"),
]


@pytest.fixture
async def client(stack: LocalStack) -> AsyncIterator[Client]:
    async with await client_of(stack, uuid4()) as client:
        yield client


async def metrics(stack: LocalStack, service: str) -> str:
    url = f"http://{ports.LOOPBACK}:{(stack.data / f'{service}.port').read_text().strip()}/metrics"
    with await asyncio.to_thread(urllib.request.urlopen, url) as answer:
        return answer.read().decode()


async def count(stack: LocalStack, service: str, command: str, code: str) -> int:
    line = f'totalaud_refusals_total{{service="{service}",command="{command}",code="{code}"}} '
    found = re.search(f"^{re.escape(line)}(\\d+)$", await metrics(stack, service), re.MULTILINE)
    return int(found[1]) if found else 0


async def last_seq(client: Client) -> int:
    return (await client.bus.client.jetstream().stream_info("EVT")).state.last_seq


async def answer_to(client: Client, refused: Refused) -> dict[str, Any]:
    body = json.dumps(refused.body).replace("UUID", str(uuid4())).encode()
    answer = await client.bus.request(refused.subject.replace("USER", str(client.user)), body, timeout=5)
    return json.loads(answer or b"{}")


@pytest.mark.parametrize("refused", REFUSED, ids=lambda one: f"{one.subject} {one.code}")
async def test_a_refusal_says_why_is_counted_and_changes_nothing(
    stack: LocalStack, client: Client, refused: Refused
):
    before, seq = await count(stack, *refused[2:]), await last_seq(client)
    error = (await answer_to(client, refused))["error"]
    assert error["code"] == refused.code
    assert error["message"]
    assert await count(stack, *refused[2:]) == before + 1
    assert await last_seq(client) == seq


@pytest.mark.parametrize(
    "known",
    [
        "ops.skill.push, ops.skill.enable and ops.skill.disable",
        "ops.projection.status and ops.projection.rebuild",
    ],
)
async def test_an_operator_s_command_that_is_none_is_told_which_there_are(client: Client, known: str):
    subject = known.partition(",")[0].partition(" ")[0].rsplit(".", 1)[0]
    refused = Refused(f"{subject}.{CANARY}", {}, "", "", "unknown_command")
    assert (await answer_to(client, refused))["error"]["message"].endswith(f"; known are {known}")


async def test_a_queued_command_that_is_refused_is_counted_and_buried(stack: LocalStack, client: Client):
    refused = ("orchestrator", "session.cancel", "missing_field")
    before = await count(stack, *refused)
    await client.bus.publish(f"cmd.{client.user}.session.cancel", b"{}")
    async with asyncio.timeout(10):
        while await count(stack, *refused) == before:
            await asyncio.sleep(0.05)
        buried = 'totalaud_dead_letters_total{service="orchestrator",durable="orchestrator"}'
        while buried not in await metrics(stack, "orchestrator"):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("service", SERVICES)
async def test_no_name_that_somebody_sent_is_among_the_counts(
    stack: LocalStack, client: Client, service: str
):
    for refused in REFUSED:
        await answer_to(client, refused)
    told = await metrics(stack, service)
    assert "# TYPE totalaud_refusals_total counter" in told
    assert CANARY not in told
    assert str(client.user) not in told


@pytest.mark.parametrize("service", SERVICES)
async def test_every_count_says_in_words_what_it_is(stack: LocalStack, service: str):
    told = re.findall(
        r"^# HELP (\w+) .+\.\n# TYPE \1 (counter|gauge)$", await metrics(stack, service), re.MULTILINE
    )
    assert [name for name, kind in told if kind == "counter"] == COUNTS
    assert [name for name, kind in told if kind == "gauge"] == [STARTED, *MEASURES.get(service, [])]


@pytest.mark.parametrize("door", ["ask", "cmd"])
async def test_neither_is_one_of_a_command_whose_sender_calls_it_by_too_long_a_name(
    stack: LocalStack, client: Client, door: str
):
    refused = ("orchestrator", "unknown", "invalid")
    before = await count(stack, *refused)
    headers = {"Nats-Msg-Id": "x" * 129}
    await client.bus.replies.one(f"{door}.{client.user}.session.{CANARY}", b"{}", timeout=5, headers=headers)
    async with asyncio.timeout(10):
        while await count(stack, *refused) == before:
            assert CANARY not in await metrics(stack, "orchestrator")
            await asyncio.sleep(0.05)


def test_the_alerts_ask_for_what_is_told_alone_and_each_says_what_to_look_at():
    (group,) = yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text())["groups"]
    told = {*COUNTS, STARTED, *chain.from_iterable(MEASURES.values())}
    asked = {name for rule in group["rules"] for name in re.findall(r"totalaud_\w+", rule["expr"])}
    assert asked - told == set()
    assert {rule["labels"]["severity"] for rule in group["rules"]} == {"page", "ticket"}
    assert all(rule["annotations"]["summary"] for rule in group["rules"])
