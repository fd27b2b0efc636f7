"""A skill-runner on a real bus, vault and local model; the test plays the orchestrator.

Each file that imports these fixtures has servers of its own.
"""

import asyncio
import json
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from nats.js.errors import NotFoundError

from projector.database import connected, make
from runnerskills import definitions, faulty
from servers import Rig, fresh_database, running_nats, running_postgres
from shared import subjects
from shared.bus import Bus
from shared.commit import Commit
from shared.definitions import SkillDefinition
from shared.events import SkillRegistered
from shared.jetstream_log import JetStreamLog
from shared.json import dumps
from shared.listening import Heard
from shared.sealing import seal
from shared.settings import Settings
from shared.streams import provision
from shared.subjects import POOLS
from shared.vault import Vault, migrate
from shared.work import Report, Work
from skill_runner.main import wire
from skillmodules import shipped
from totalaud.stack import ports

USER = UUID("00000000-0000-4000-8000-000000000001")
JANE = "00000000-0000-4000-8000-00000000000a"
KEY = bytes(range(32))
ACK_WAIT_S = 2.0


@dataclass
class Orchestrator:
    """Answers claims, beats and reports as it is told, and keeps what it heard."""

    bus: Bus
    verdicts: list[str] = field(default_factory=lambda: ["run"])
    beats: list[str] = field(default_factory=lambda: ["run"])
    silent: bool = False
    heard: list[str] = field(default_factory=list)
    reports: asyncio.Queue[Report] = field(default_factory=asyncio.Queue)

    async def claim(self, heard: Heard) -> None:
        kind = heard.subject.rsplit(".", 1)[1]
        self.heard.append(kind)
        script = self.verdicts if kind == "start" else self.beats
        verdict = script.pop(0) if len(script) > 1 else script[0]
        if verdict != "silence":
            await heard.answer(dumps({"verdict": verdict, "lease_s": 1.0}))

    async def report(self, heard: Heard) -> None:
        self.heard.append("report")
        if not self.silent:
            await self.reports.put(Report.from_json(heard.body))
            await heard.answer(b'{"ok":true}')

    async def next(self, timeout: float = 15) -> Report:
        return await asyncio.wait_for(self.reports.get(), timeout)


@dataclass
class Stage:
    bus: Bus
    vault: Vault
    orchestrator: Orchestrator
    definitions: dict[str, SkillDefinition]
    model_url: str
    settings: Settings

    @property
    def database_url(self) -> str:
        return self.settings.database_url

    async def hear_report(self, heard: Heard) -> None:
        await self.orchestrator.report(heard)

    async def hear_claim(self, heard: Heard) -> None:
        await self.orchestrator.claim(heard)

    def calls(self) -> int:
        with urllib.request.urlopen(f"{self.model_url}/calls") as answer:
            total: int = json.load(answer)["total"]
        return total

    async def ask(self, skill: str, given: dict[str, Any], **changes: Any) -> Work:
        definition = self.definitions[skill]
        work = Work.of(
            {
                "user": USER,
                "noun": "session",
                "id": uuid4(),
                "step": 1,
                "attempt": 1,
                "attempt_id": uuid4(),
                "skill": skill,
                "skill_hash": definition.hash,
                "pool": definition.provider,
                "input": await seal(self.vault, USER, definition.input_schema, given),
                "timeout_s": definition.timeout_s,
                "seq": 1,
                "log_seq": 0,
                **changes,
            }
        )
        subject = subjects.work(work.pool, skill, work.attempt_id)
        await self.bus.publish(subject, work.to_json())
        return work

    async def report(self, skill: str, given: dict[str, Any], **changes: Any) -> Report:
        work = await self.ask(skill, given, **changes)
        report = await self.orchestrator.next()
        assert report.attempt_id == work.attempt_id
        return report

    async def pending(self, durable: str = "custom") -> int:
        info = await self.bus.client.jetstream().consumer_info("WORK", durable)
        return (info.num_pending or 0) + (info.num_ack_pending or 0)

    async def late(self, attempt_id: UUID) -> Report | None:
        try:
            kept = await self.bus.client.jetstream().get_last_msg("CMD", subjects.late(attempt_id))
        except NotFoundError:
            return None
        return Report.from_json(kept.data or b"")

    async def drained(self, durable: str = "custom") -> None:
        async with asyncio.timeout(10):
            while await self.pending(durable):
                await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
async def model_url() -> AsyncIterator[str]:
    port = ports.free_port()
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "totalaud.model_server", "--port", str(port))
    )
    url = f"http://127.0.0.1:{port}"
    async with asyncio.timeout(60):
        while True:
            try:
                await asyncio.to_thread(urllib.request.urlopen, f"{url}/healthz")
                break
            except OSError:
                await asyncio.sleep(0.1)
    yield url
    server.kill()
    await server.wait()


@pytest.fixture(scope="module")
async def rigs() -> AsyncIterator[tuple[Rig, Rig]]:
    """A NATS and a PostgreSQL of this module's own, to be killed."""
    async with running_nats() as nats, running_postgres() as postgres:
        yield nats, postgres


@pytest.fixture(scope="module")
async def theatre(
    rigs: tuple[Rig, Rig], model_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    nats, postgres = rigs
    async with AsyncExitStack() as open_:
        url = await open_.enter_async_context(fresh_database(postgres.url))
        async with connected(url) as connection:
            await make(connection)
        await migrate(url)
        vault = await Vault.connect(url, KEY)
        open_.push_async_callback(vault.close)
        bus = await Bus.connect(nats.url, name="test")
        open_.push_async_callback(bus.close)
        await provision(bus, ack_wait_s=ACK_WAIT_S)
        root = tmp_path_factory.mktemp("skills")
        made = {**definitions(root), **shipped()}
        for definition in made.values():
            versions = [definition, *faulty(definition)]
            events = tuple(SkillRegistered(definition=one) for one in versions)
            commit = Commit(commit_id=uuid4(), at=datetime.now(UTC), events=events)
            await JetStreamLog(bus).append(subjects.skill(definition.name), commit, expected=0)
        settings = Settings(
            nats_url=nats.url,
            database_url=url,
            skills=root,
            master_key_file=None,
            master_key=KEY.hex(),
            health_host="127.0.0.1",
            health_port=0,
            ack_wait_s=ACK_WAIT_S,
            concurrency=8,
            local_model_url=model_url,
        )
        patch = open_.enter_context(pytest.MonkeyPatch.context())
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"):
            patch.delenv(name, raising=False)
        runner_bus = await Bus.connect(nats.url, name="skill-runner")
        open_.push_async_callback(runner_bus.close)
        await open_.enter_async_context(wire(runner_bus, settings))
        stage = Stage(bus, vault, Orchestrator(bus), made, model_url, settings)
        await bus.listen("report.*", stage.hear_report)
        await bus.listen("attempt.*.*", stage.hear_claim)
        yield stage


@pytest.fixture
async def stage(theatre: Stage) -> AsyncIterator[Stage]:
    """The same servers and runner for every test, with an orchestrator that remembers nothing.

    A test ends when its work has: beats, claims and reports of it would be heard in the next one.
    """
    theatre.orchestrator = Orchestrator(theatre.bus)
    yield theatre
    for pool in POOLS:
        await theatre.drained(pool)
