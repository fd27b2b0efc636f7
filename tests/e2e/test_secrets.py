"""Secrets stay where they were put: not one is in a stream, table, span, log, error or command line."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

import otlp
from asking import Told, command, environment_of
from canary import Canary, checkpoint, dump
from rig import environment, running_stack
from sites import Site, running, says
from totalaud import readers
from totalaud.client import Client
from totalaud.connection import Connection
from totalaud.errors import SkillFailed
from totalaud.stack.environment import MARK
from totalaud.stack.local import LocalStack

OPENAI_KEY, ANTHROPIC_KEY = "sk-canary-openai-0b8f1d", "sk-ant-canary-7c2e94"
MASTER_KEY = "c0ffee" * 10 + "beef"
KEPT_IN = {"nats.password", "nats.conf", "postgres.password", "connection.json", "anthropic.key"}
PITCH = {"artist_name": "Neon Harbour", "genre": "synthpop", "contact_name": "a presenter"}
STATUSES = (400, 401, 403, 404, 429, 500, 503, 200)
PATHS = ("/v1/chat/completions", "/chat/completions", "/v1/messages")


def echoes(status: int):
    """Answer as a careless provider does: with the key that it was asked with; to try again is no use."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        key = handler.headers.get("authorization") or handler.headers.get("x-api-key")
        body = {"error": {"message": f"bad key {key}", "type": key, "code": key}, "content": key, "id": key}
        told = {"content_type": "application/json", "x_request_id": str(key), "x_should_retry": "false"}
        says(json.dumps(body).encode(), status, **told)(handler)

    return answer


@dataclass
class Story:
    stack: LocalStack
    client: Client
    receiver: otlp.Receiver
    provider: Site
    canary: Canary
    reader_url: str
    errors: list[str] = field(default_factory=list)
    processes: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)


@pytest.fixture(scope="module")
async def story(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    key_file = tmp_path_factory.mktemp("keys") / "anthropic.key"
    key_file.write_text(f"{ANTHROPIC_KEY}\n")
    with otlp.receiver() as receiver, running(Site()) as provider:
        env = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.endpoint,
            "OPENAI_API_KEY": OPENAI_KEY,
            "OPENAI_BASE_URL": provider.url("/v1"),
            "ANTHROPIC_API_KEY_FILE": str(key_file),
            "ANTHROPIC_BASE_URL": provider.url(""),
            "TOTALAUD_MASTER_KEY": MASTER_KEY,
        }
        async with running_stack(**env) as stack:
            connection = replace(Connection.of(stack), master_key=MASTER_KEY)
            client = await Client.connect(connection, user=uuid4())
            nats, postgres = urlsplit(stack.place.nats_url), urlsplit(stack.place.database_url)
            reader = await readers.add(stack.place.database_url, client.user)
            secrets = (
                OPENAI_KEY,
                ANTHROPIC_KEY,
                MASTER_KEY,
                nats.password,
                postgres.password,
                urlsplit(reader).password,
            )
            story = Story(stack, client, receiver, provider, Canary(tuple(map(str, secrets))), reader)
            try:
                await tell(story)
                yield story
            finally:
                await readers.remove(stack.place.database_url, client.user)
                await client.close()


async def tell(story: Story) -> None:
    for status in STATUSES:
        for path in PATHS:
            story.provider.answers[path] = echoes(status)
        for skill, given in (("generate-pitch", PITCH), ("write-twice", {"topic": f"weather {status}"})):
            await failed(story, skill, given)
    await story.client.bus.publish(f"cmd.{story.client.user}.session.run", b"{")
    async with asyncio.timeout(20):
        while not await story.client.operator.dead_letters():
            await asyncio.sleep(0.1)
    story.processes = {
        name: (read(folder / "cmdline"), read(folder / "environ"))
        for folder in Path("/proc").glob("[0-9]*")
        if (name := folder.name) != str(os.getpid()) and read(folder / "cmdline")
    }


async def failed(story: Story, skill: str, given: dict[str, Any]) -> None:
    asked = await story.client.execute(skill, given)
    try:
        result = await story.client.skill_outcome(asked.id)
    except SkillFailed as failure:
        story.errors.append(f"{failure!r} {failure.message} {failure.__dict__}")
    else:
        story.errors.append(repr(result))


def read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


async def test_the_provider_was_asked_with_the_keys(story):
    """Else nothing here would prove anything."""
    sent = json.dumps(story.provider.heard)
    assert OPENAI_KEY in sent
    assert ANTHROPIC_KEY in sent
    assert len(story.errors) == 2 * len(STATUSES)


async def test_no_error_holds_a_secret(story):
    assert [error for error in story.errors if story.canary.hits(error.encode())] == []


async def test_no_table_of_any_schema_holds_a_secret(story):
    found = await dump(story.stack.place.database_url)
    assert "public.skill_executions" in found
    assert {table: hits for table, text in found.items() if (hits := story.canary.hits(text))} == {}


async def test_no_stream_log_or_file_of_the_database_holds_a_secret(story):
    """But for those that are there to keep one, which only their owner can read."""
    await checkpoint(story.stack.place.database_url)
    found = story.canary.files(story.stack.data)
    assert set(found) <= KEPT_IN
    for name in found:
        assert (story.stack.data / name).stat().st_mode & 0o077 == 0
    assert any(file.stat().st_size for file in (story.stack.data / "logs").iterdir())


async def test_no_span_holds_a_secret(story):
    await asyncio.to_thread(story.receiver.wait, lambda spans: any("chat" in span.name for span in spans))
    assert [body for body in story.receiver.bodies if story.canary.hits(body)] == []


async def test_no_dead_letter_holds_a_secret(story):
    letters = await story.client.operator.dead_letters()
    assert story.canary.hits_in(letters) == set()


async def test_no_process_has_a_secret_in_its_arguments(story):
    ours = [pid for pid, (_, env) in story.processes.items() if MARK.encode() in env]
    assert len(ours) >= 7
    assert {pid: line for pid, (line, _) in story.processes.items() if story.canary.hits(line)} == {}


async def test_neither_servers_nor_workers_are_given_our_keys(story):
    """NATS and PostgreSQL know their own passwords; workers get what they need through a pipe."""
    asked = (b"skill_runner.worker", b"nats-server", b"postgres")
    found = {
        line: story.canary.hits(env)
        for line, env in story.processes.values()
        if any(one in line for one in asked)
    }
    assert any(b"skill_runner.worker" in line for line in found)
    assert {line: hits for line, hits in found.items() if hits} == {}


WRONG = "wr0ng-canary-password"
BAD = [
    {"TOTALAUD_NATS_URL": f"nats://alice:{WRONG}@127.0.0.1:{{nats}}"},
    {"TOTALAUD_NATS_URL": f"nats://alice:{WRONG}@127.0.0.1:1"},
    {"TOTALAUD_NATS_URL": f"nats://alice:{WRONG}@127.0.0.1:1,nats://bob:{WRONG}@127.0.0.1:2"},
    {"TOTALAUD_NATS_URL": f"nats://alice:{WRONG}/x@127.0.0.1:1"},
    {"TOTALAUD_NATS_URL": f"nats://alice:{WRONG}#x@[127.0.0.1:1"},
    {"TOTALAUD_NATS_URL": f"nats://alice:{WRONG}[x@127.0.0.1:1"},
    {"TOTALAUD_NATS_URL": f"nats://alice:{WRONG}\u2100@127.0.0.1:1"},
    {"TOTALAUD_NATS_URL": f"alice:{WRONG}"},
    {"TOTALAUD_NATS_URL": f"tls://alice:{WRONG}@127.0.0.1:{{nats}}"},
    {"TOTALAUD_DATABASE_URL": f"postgresql://totalaud:{WRONG}@127.0.0.1:{{postgres}}/totalaud"},
    {"TOTALAUD_DATABASE_URL": f"postgresql://totalaud:{WRONG}@127.0.0.1:1/totalaud"},
    {"TOTALAUD_DATABASE_URL": f"postgresql://totalaud:{WRONG}/x@127.0.0.1:1/totalaud"},
    {"TOTALAUD_DATABASE_URL": f"postgresql://totalaud:{WRONG}#x@127.0.0.1:y/totalaud"},
    {"TOTALAUD_DATABASE_URL": f"postgresql://totalaud:{WRONG}[x@127.0.0.1:1/totalaud"},
    {"TOTALAUD_DATABASE_URL": f"postgresql://totalaud:{WRONG}\u2100@127.0.0.1:1/totalaud"},
    {"TOTALAUD_DATABASE_URL": f"totalaud:{WRONG}@127.0.0.1"},
    {"TOTALAUD_DATABASE_URL": f"mysql://totalaud:{WRONG}@127.0.0.1/x"},
    {"TOTALAUD_MASTER_KEY": WRONG},
    {"TOTALAUD_NATS_URL": "", "TOTALAUD_NATS_URL_FILE": "/nowhere"},
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: " ".join(bad.values()).replace(WRONG, "…"))
async def test_what_is_wrong_is_told_in_one_line_without_the_secret(story, bad):
    told = await listed(story, bad)
    assert told.code != 0
    assert "Traceback" not in told.err
    assert told.err.startswith("error: ")
    assert not Canary((WRONG,)).hits((told.out + told.err).encode())
    assert not story.canary.hits((told.out + told.err).encode())


async def listed(story: Story, changed: dict[str, str]) -> Told:
    place = story.stack.place
    ports = {"nats": urlsplit(place.nats_url).port, "postgres": urlsplit(place.database_url).port}
    env = (
        environment_of(story.stack)
        | {"TOTALAUD_MASTER_KEY": MASTER_KEY}
        | {name: value.format(**ports) for name, value in changed.items()}
    )
    verb = ("contacts", "list") if "TOTALAUD_MASTER_KEY" in changed else ("session", "list")
    return await command(*verb, "--data", str(story.stack.data / "elsewhere"), **env)


@pytest.mark.parametrize("service", ["orchestrator", "projector", "campaigns", "skill_runner"])
@pytest.mark.parametrize("url", [f"nats://alice:{WRONG}@127.0.0.1:1", f"nats://alice:{WRONG}/x@127.0.0.1:1"])
async def test_a_service_that_cannot_start_does_not_say_with_what(service, url, tmp_path):
    log = tmp_path / "log"
    with environment(TOTALAUD_NATS_URL=url), log.open("w") as out:
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", service, stdout=out, stderr=out)
        try:
            async with asyncio.timeout(20):
                while process.returncode is None and "nats" not in log.read_text():
                    await asyncio.sleep(0.1)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
    assert log.read_text()
    assert WRONG not in log.read_text()


async def test_what_up_prints_names_a_secret_only_where_it_made_it(story):
    """URLs of the environment, or of a file, are named by their variable."""
    from totalaud.stack.reach import lines

    with environment(
        TOTALAUD_NATS_URL="x", TOTALAUD_DATABASE_URL="", TOTALAUD_DATABASE_URL_FILE="/run/secrets/url"
    ):
        told = "\n".join(lines(story.stack.place, uuid4()))
    assert not story.canary.hits(told.encode())
    assert "$TOTALAUD_NATS_URL" in told
    assert "$TOTALAUD_DATABASE_URL_FILE" in told
