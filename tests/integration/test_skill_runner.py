"""The skill-runner on a real bus, vault and local model; the test plays the orchestrator."""

import asyncio
import json
import shutil
import socket
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from nats.js.errors import NotFoundError

from servers import Rig, fresh_database, running_nats, running_postgres
from shared import subjects
from shared.bus import Bus
from shared.commit import Commit
from shared.definitions import SkillConfig, SkillDefinition
from shared.events import SkillRegistered
from shared.jetstream_log import JetStreamLog
from shared.json import dumps
from shared.listening import Heard
from shared.sealing import is_sealed, reveal, seal
from shared.settings import Settings
from shared.skill_source import library_of, python_hash
from shared.streams import provision
from shared.vault import Vault, migrate
from shared.work import Done, Report, Work
from skill_runner.abort import Abort
from skill_runner.execution import Ready
from skill_runner.frames import OUTPUT_LIMIT
from skill_runner.handlers import Handlers
from skill_runner.ledger import Ledger
from skill_runner.main import wire
from skill_runner.reporting import about
from skillmodules import SKILLS
from totalaud.skillfiles import load

USER = UUID("00000000-0000-4000-8000-000000000001")
JANE = "00000000-0000-4000-8000-00000000000a"
KEY = bytes(range(32))
ACK_WAIT_S = 2.0
PERSONAL = {"type": "string", "x-personal": True}
PYTHON = {
    "kept": "def run(input, context):\n    return {'text': input['text']}\n",
    "echo": "def run(input, context):\n    return {'text': input['text']}\n",
    "spin": "def run(input, context):\n    yield {'text': 'so far'}\n    while True:\n        pass\n",
    "more": (
        "def run(input, context):\n    yield {'text': 'a', 'secret': 'jane@example.org'}\n"
        "    if input.get('fail'):\n        raise ValueError\n"
    ),
    "quit": "import os\ndef run(input, context):\n    os._exit(1)\n",
    "greet": (
        "def run(input, context):\n"
        "    name = input['contact']['name']\n"
        "    return {'contact_id': input['contact']['id'], 'text': f'Hi {name}'}\n"
    ),
    "big": "def run(input, context):\n    return {'text': 'x' * input['size']}\n",
    "nul": "def run(input, context):\n    return {'text': 'a' + chr(0)}\n",
    "wrong": "def run(input, context):\n    return {'text': 3}\n",
    "rows": (
        "def run(input, context):\n"
        "    found = context.rows(\n"
        "        \"SELECT id, name, price, ':user' AS quoted FROM things\"\n"
        "        ' WHERE owner = :user AND id = ANY(:ids::uuid[])', ids=input['ids'])\n"
        "    return {'text': repr(found)}\n"
    ),
    "write": (
        "def run(input, context):\n"
        "    context.rows('DELETE FROM things WHERE owner = :user')\n    return {'text': ''}\n"
    ),
}
TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
ANY = {"type": "object"}
FAULTS = (
    "invent=9",
    "invent=1",
    "invalid=9",
    "refuse=9",
    "truncate=9",
    "cut=9",
    "429=9",
    "503=9",
    "latency=60",
)
SCHEMAS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "greet": (
        {
            "type": "object",
            "properties": {
                "contact": {
                    "type": "object",
                    "properties": {"id": {"type": "string"}, "name": PERSONAL},
                }
            },
            "required": ["contact"],
        },
        {
            "type": "object",
            "properties": {"contact_id": {"type": "string"}, "text": PERSONAL},
            "required": ["text"],
        },
    ),
    "echo": (TEXT, TEXT),
}


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
    database_url: str

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


def definitions(root: Path) -> dict[str, SkillDefinition]:
    shutil.copytree(SKILLS, root, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    folder = root / "scout"
    made = {}
    for name, source in PYTHON.items():
        (folder / f"{name}.py").write_text(source)
        given, output = SCHEMAS.get(name, (ANY, TEXT))
        made[name] = SkillDefinition(
            name=name,
            category="research",
            provider="custom",
            input_schema=given,
            output_schema=output,
            hash=f"hash-{name}",
            python_hash=python_hash(source.encode(), library_of(root)),
        )
    made["kept"] = made["kept"].model_copy(update={"config": SkillConfig(cache_s=60)})
    given, output = SCHEMAS["greet"]
    models = {
        "pitch": "claude-sonnet-5",
        "slow": "local;latency=30",
        "pause": "local;latency=1",
        "busy": "local;429=9",
    }
    for name, model in models.items():
        made[name] = SkillDefinition(
            name=name,
            category="generation",
            provider="openai" if name == "busy" else "anthropic",
            model=model,
            input_schema=given,
            output_schema=output,
            hash=f"hash-{name}",
        )
    return made


def faulty(definition: SkillDefinition) -> list[SkillDefinition]:
    """Versions of the shipped pitch and press release whose model is at fault as its name orders."""
    if definition.name not in ("generate-pitch", "write-press-release"):
        return []
    return [
        definition.model_copy(update={"hash": fault, "model": f"claude-haiku-4-5;{fault}"})
        for fault in FAULTS
    ]


@pytest.fixture(scope="module")
async def model_url() -> AsyncIterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
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


@pytest.fixture
def nats(rigs: tuple[Rig, Rig]) -> Rig:
    return rigs[0]


@pytest.fixture
def postgres(rigs: tuple[Rig, Rig]) -> Rig:
    return rigs[1]


@pytest.fixture(scope="module")
async def theatre(
    rigs: tuple[Rig, Rig], model_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    nats, postgres = rigs
    async with AsyncExitStack() as open_:
        url = await open_.enter_async_context(fresh_database(postgres.url))
        await migrate(url)
        vault = await Vault.connect(url, KEY)
        open_.push_async_callback(vault.close)
        bus = await Bus.connect(nats.url, name="test")
        open_.push_async_callback(bus.close)
        await provision(bus, ack_wait_s=ACK_WAIT_S)
        root = tmp_path_factory.mktemp("skills")
        made = {**definitions(root), **{skill.name: skill for skill in load(SKILLS).skills}}
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
        stage = Stage(bus, vault, Orchestrator(bus), made, model_url, url)
        await bus.listen("report.*", stage.hear_report)
        await bus.listen("attempt.*.*", stage.hear_claim)
        yield stage


@pytest.fixture
def stage(theatre: Stage) -> Stage:
    """The same servers and runner for every test, with an orchestrator that remembers nothing."""
    theatre.orchestrator = Orchestrator(theatre.bus)
    return theatre


async def test_a_custom_skill_is_run_and_reported_and_its_work_acked(stage: Stage) -> None:
    report = await stage.report("echo", {"text": "synthpop"})
    assert (report.output, report.error, report.usage) == ({"text": "synthpop"}, None, None)
    await stage.drained()


async def test_an_unknown_field_is_a_warning(stage: Stage) -> None:
    report = await stage.report("echo", {"text": "a", "txet": "b"})
    assert report.warnings == ("txet is not known and was left out; known: text",)


async def test_a_missing_field_is_an_error_by_its_name(stage: Stage) -> None:
    report = await stage.report("echo", {})
    assert report.error is not None
    assert (report.error.code, report.error.retryable) == ("invalid_input", False)
    assert report.error.message.startswith("text ")


async def test_a_skill_works_on_opened_values_and_its_output_is_sealed(stage: Stage) -> None:
    work = await stage.ask("greet", {"contact": {"id": JANE, "name": "Jane Example"}})
    report = await stage.orchestrator.next()
    assert b"Jane" not in work.to_json() + report.to_json()
    assert is_sealed(report.output["text"])
    assert report.output["text"]["$sealed"] == JANE
    assert (await reveal(stage.vault, USER, report.output))["text"] == "Hi Jane Example"


async def test_a_spinning_skill_times_out_with_its_partial_result_while_others_run(stage: Stage) -> None:
    await stage.ask("spin", {}, timeout_s=1.5)
    for number in range(20):
        report = await stage.report("echo", {"text": str(number)})
        assert report.output == {"text": str(number)}
    report = await stage.orchestrator.next()
    assert report.error is not None
    assert (report.error.code, report.error.retryable) == ("timeout", True)
    assert report.partial == {"text": "so far"}
    assert 1500 <= report.duration_ms < 3000


async def test_a_skill_that_takes_longer_than_the_ack_wait_is_run_once(stage: Stage) -> None:
    await stage.ask("spin", {}, timeout_s=2 * ACK_WAIT_S)
    await stage.orchestrator.next()
    await stage.drained()
    assert stage.orchestrator.heard == ["report"]


@pytest.mark.parametrize(
    ("skill", "given", "code", "retryable"),
    [
        ("quit", {}, "crashed", True),
        ("nul", {}, "invalid_output", False),
        ("wrong", {}, "invalid_output", False),
        ("big", {"size": OUTPUT_LIMIT + 1}, "output_too_large", False),
    ],
)
async def test_a_failed_skill_is_reported_with_its_reason(
    stage: Stage, skill: str, given: dict[str, Any], code: str, *, retryable: bool
) -> None:
    report = await stage.report(skill, given)
    assert report.error is not None
    assert (report.error.code, report.error.retryable) == (code, retryable)
    await stage.drained()


async def test_a_field_that_the_output_schema_does_not_know_is_left_out(stage: Stage) -> None:
    report = await stage.report("more", {})
    assert report.output == {"text": "a"}
    assert report.warnings == ("output: secret is not known and was left out; known: text",)
    failed = await stage.report("more", {"fail": True})
    assert failed.partial == {"text": "a"}


async def test_a_big_output_within_the_limit_is_reported_whole(stage: Stage) -> None:
    report = await stage.report("big", {"size": OUTPUT_LIMIT - 100})
    assert len(report.output["text"]) == OUTPUT_LIMIT - 100


async def test_a_pinned_version_that_is_not_here_is_missing(stage: Stage) -> None:
    report = await stage.report("echo", {"text": "a"}, skill_hash="another")
    assert report.error is not None
    assert (report.error.code, report.error.retryable) == ("definition_missing", False)


async def test_a_skill_reads_its_user_s_rows_and_can_write_none(stage: Stage) -> None:
    ids = [str(uuid4()), str(uuid4())]
    connection = await asyncpg.connect(stage.database_url)
    await connection.execute("CREATE TABLE things (id uuid, owner uuid, name jsonb, price numeric)")
    await connection.execute("CREATE TABLE checkpoint (seq bigint)")
    await connection.execute("INSERT INTO checkpoint VALUES (7)")
    for owner, id_ in ((USER, ids[0]), (uuid4(), ids[1])):
        row = (UUID(id_), owner, '{"a": [1]}', 2)
        await connection.execute("INSERT INTO things VALUES ($1, $2, $3, $4)", *row)
    report = await stage.report("rows", {"ids": ids}, log_seq=7)
    assert report.output == {
        "text": str([{"id": ids[0], "name": {"a": [1]}, "price": 2.0, "quoted": ":user"}])
    }
    refused = await stage.report("write", {}, log_seq=7)
    assert refused.error is not None
    assert refused.error.message.startswith("ReadOnlySQLTransactionError at write.py:2")
    behind = await stage.report("rows", {"ids": ids}, log_seq=8, timeout_s=1)
    assert behind.error is not None
    assert (behind.error.code, behind.error.retryable) == ("projection_behind", True)
    waiting = await stage.ask("rows", {"ids": ids}, log_seq=9)
    await asyncio.sleep(0.3)
    await connection.execute("UPDATE checkpoint SET seq = 9")
    report = await stage.orchestrator.next()
    assert (report.attempt_id, report.error) == (waiting.attempt_id, None)
    await connection.close()


async def test_a_report_that_nobody_answers_is_put_on_disk_and_acked(stage: Stage) -> None:
    stage.orchestrator.silent = True
    work = await stage.ask("echo", {"text": "a"})
    await stage.drained()
    late = await stage.late(work.attempt_id)
    assert late is not None
    assert late.output == {"text": "a"}


async def test_work_that_comes_again_while_its_report_is_queued_calls_nobody(stage: Stage) -> None:
    stage.orchestrator.silent = True
    before, given = stage.calls(), {"contact": {"id": JANE, "name": "Jane Example"}}
    work = await stage.ask("pitch", given)
    async with asyncio.timeout(30):
        while await stage.late(work.attempt_id) is None:
            await asyncio.sleep(0.05)
        await stage.ask("pitch", given, attempt_id=work.attempt_id, id=work.id)
        while stage.orchestrator.heard.count("start") < 2 or await stage.pending("anthropic"):
            await asyncio.sleep(0.05)
    assert stage.calls() == before + 1


async def test_a_report_waits_for_nats_to_come_back_and_nothing_is_run_again(stage: Stage, nats: Rig) -> None:
    before = stage.calls()
    work = await stage.ask("pause", {"contact": {"id": JANE, "name": "Jane Example"}})
    while stage.calls() == before:
        await asyncio.sleep(0.005)
    await nats.kill()
    await asyncio.sleep(2)
    await nats.start()
    await stage.drained("anthropic")
    answered = [stage.orchestrator.reports.get_nowait() for _ in range(stage.orchestrator.reports.qsize())]
    reports = [report for report in answered if report.attempt_id == work.attempt_id]
    if late := await stage.late(work.attempt_id):
        reports.append(late)
    assert {report.error for report in reports} == {None}
    assert stage.calls() == before + 1


async def test_work_that_lost_its_runner_again_and_again_is_given_up(stage: Stage) -> None:
    work = await stage.ask("echo", {"text": "a"})
    await stage.orchestrator.next()
    acked = []

    async def ack() -> None:
        acked.append(work.attempt_id)

    seventh = SimpleNamespace(body=work.to_json(), deliveries=7, ack=ack, working=ack)
    await Handlers(stage.bus, SimpleNamespace(), "runner-1", ACK_WAIT_S).work(seventh)
    report = await stage.orchestrator.next()
    assert report.error is not None
    assert (report.error.code, report.error.retryable) == ("runner_lost", False)
    assert acked == [work.attempt_id]


async def test_a_paid_skill_is_claimed_and_its_prompt_s_person_comes_back_sealed(stage: Stage) -> None:
    report = await stage.report("pitch", {"contact": {"id": JANE, "name": "Jane Example"}})
    assert stage.orchestrator.heard[:1] == ["start"]
    assert report.error is None
    assert report.usage is not None
    assert (report.usage.provider, report.usage.simulated, report.usage.cost_usd) == ("anthropic", True, 0)
    assert (report.usage.list_price_usd or 0) > 0
    assert is_sealed(report.output["text"])
    opened = await reveal(stage.vault, USER, report.output)
    assert "[[" not in opened["text"]


@pytest.mark.parametrize(("verdict", "deliveries"), [("silence", 2), ("later", 2)])
async def test_a_claim_that_is_not_granted_calls_nobody_and_comes_back(
    stage: Stage, verdict: str, deliveries: int
) -> None:
    stage.orchestrator.verdicts = [verdict, "run"]
    before = stage.calls()
    report = await stage.report("pitch", {"contact": {"id": JANE, "name": "Jane Example"}})
    assert (report.error, stage.calls()) == (None, before + 1)
    assert stage.orchestrator.heard.count("start") == deliveries


async def test_a_dropped_claim_is_acked_unrun(stage: Stage) -> None:
    stage.orchestrator.verdicts = ["drop"]
    before = stage.calls()
    await stage.ask("pitch", {"contact": {"id": JANE, "name": "Jane Example"}})
    await stage.drained("anthropic")
    assert (stage.calls(), stage.orchestrator.heard) == (before, ["start"])


@pytest.mark.parametrize("how", ["stop", "stop all", "beat"])
async def test_running_work_is_aborted_within_a_second(stage: Stage, how: str) -> None:
    stage.orchestrator.beats = ["abort" if how == "beat" else "run"]
    work = await stage.ask("slow", {"contact": {"id": JANE, "name": "Jane Example"}})
    other = await stage.ask("slow", {"contact": {"id": JANE, "name": "Jane Example"}}, timeout_s=3)
    while stage.orchestrator.heard.count("start") < 2:
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.5)
    if how != "beat":
        named = {} if how == "stop all" else {"attempts": [str(work.attempt_id)]}
        body = {"user": str(work.user), **named}
        await stage.bus.tell(subjects.stop(work.id), dumps(body))
        await stage.bus.tell(subjects.stop(work.id), dumps(body))
    report = await stage.orchestrator.next(2)
    assert report.error is not None
    assert (report.error.code, report.error.retryable) == ("cancelled", False)
    if how != "beat":
        assert report.attempt_id == work.attempt_id
        last = await stage.orchestrator.next(6)
        assert (last.attempt_id, last.error and last.error.code) == (other.attempt_id, "timeout")


async def test_heartbeats_that_nobody_answers_come_as_often(stage: Stage) -> None:
    stage.orchestrator.beats = ["silence"]
    await stage.report("pause", {"contact": {"id": JANE, "name": "Jane Example"}})
    assert stage.orchestrator.heard.count("beat") >= 2


async def test_an_aborted_custom_skill_is_killed_and_its_partial_result_kept(stage: Stage) -> None:
    work = await stage.ask("spin", {}, timeout_s=30)
    await asyncio.sleep(1)
    await stage.bus.tell(subjects.stop(work.id), dumps({"user": str(work.user)}))
    report = await stage.orchestrator.next(2)
    assert report.error is not None
    assert (report.error.code, report.partial) == ("cancelled", {"text": "so far"})


async def test_another_user_s_session_of_the_same_id_is_not_stopped(stage: Stage) -> None:
    work = await stage.ask("spin", {}, timeout_s=2)
    await asyncio.sleep(1)
    await stage.bus.tell(subjects.stop(work.id), dumps({"user": str(uuid4())}))
    report = await stage.orchestrator.next(4)
    assert report.error is not None
    assert report.error.code == "timeout"


async def test_a_provider_s_refusal_is_reported_retryable(stage: Stage) -> None:
    report = await stage.report("busy", {"contact": {"id": JANE, "name": "Jane Example"}})
    assert report.error is not None
    assert (report.error.code, report.error.retryable) == ("rate_limited", True)


async def test_while_postgres_is_away_a_result_waits_in_hand_and_all_else_goes_on(
    stage: Stage, postgres: Rig
) -> None:
    before = stage.calls()
    await postgres.kill()
    try:
        work = await stage.ask("pitch", {"contact": {"id": str(uuid4())}})
        for skill in ("echo", "kept"):
            report = await stage.report(skill, {"text": "a"})
            assert (report.error, report.output, report.cache_key) == (None, {"text": "a"}, None)
        await asyncio.sleep(ACK_WAIT_S + 1)
        assert (stage.calls(), stage.orchestrator.reports.qsize()) == (before + 1, 0)
    finally:
        await postgres.restart()
    report = await stage.orchestrator.next(20)
    assert (report.attempt_id, report.error, stage.calls()) == (work.attempt_id, None, before + 1)
    assert is_sealed(report.output["text"])


async def test_unreadable_work_is_dead_lettered(stage: Stage) -> None:
    await stage.bus.publish("work.custom.echo.odd", b"{}")
    await stage.drained()
    letter = await stage.bus.client.jetstream().get_last_msg("DLQ", "dlq.custom")
    assert json.loads(letter.data or b"")["reason"] == "it is no work of ours"


async def test_a_runner_that_is_told_to_stop_ends_what_it_has_paid_for(stage: Stage, nats: Rig) -> None:
    bus = await Bus.connect(nats.url, name="skill-runner-2")
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def prepare(work: Work) -> Ready:
        return Ready(work, datetime.now(UTC), Ledger())

    async def run(ready: Ready, _abort: Abort) -> Report:
        begun.set()
        await go_on.wait()
        told = about(ready.work)
        return Report(**told, output={"text": "paid"}, started_at=ready.started_at, duration_ms=1)

    handlers = Handlers(bus, SimpleNamespace(prepare=prepare, run=run), "runner-2", ACK_WAIT_S)
    loop = asyncio.create_task(bus.consume("WORK", "openai", handlers.work, in_flight=64))
    works = [await stage.ask("busy", {"contact": {"id": JANE}}) for _ in range(8)]
    await asyncio.wait_for(begun.wait(), 10)
    loop.cancel()
    asyncio.get_running_loop().call_later(0.5, go_on.set)
    await handlers.finish(5)
    reports = [await stage.orchestrator.next() for _ in works]
    assert any(report.output == {"text": "paid"} for report in reports)
    await bus.close()


async def test_the_shipped_pitch_is_written_to_each_contact_by_name(stage: Stage) -> None:
    people = {str(uuid4()): name for name in ("Jane Example", "Joe Sample", "Zoë Muster")}
    contacts = [{"id": id_, "name": name, "email": f"{id_}@example.org"} for id_, name in people.items()]
    given = {"contacts": contacts, "artistInfo": {"name": "Neon Harbour", "genre": "synthpop"}}
    report = await stage.report("generate-pitch", given)
    assert report.error is None
    assert [name for name in (*people.values(), "example.org") if name.encode() in report.to_json()] == []
    pitches = (await reveal(stage.vault, USER, report.output))["pitches"]
    assert [pitch["contact_id"] for pitch in pitches] == list(people)
    assert [name in pitch["body"] for name, pitch in zip(people.values(), pitches, strict=True)] == [True] * 3
    assert report.usage is not None
    assert (report.usage.calls, report.usage.simulated) == (3, True)
    assert [
        (call.item, call.purpose, call.outcome) for call in sorted(report.calls, key=lambda one: one.item)
    ] == [(place, "first", "passed") for place in range(3)]
    assert report.warnings == ()


async def test_the_shipped_pitch_takes_the_seed_s_single_form_too(stage: Stage) -> None:
    given = {"artist_name": "Neon Harbour", "genre": "synthpop", "contact_name": "Jane Example"}
    report = await stage.report("generate-pitch", given)
    assert report.error is None
    opened = await reveal(stage.vault, USER, report.output)
    assert "Jane Example" in opened["body"]
    assert opened["pitches"][0]["body"] == opened["body"]


PITCHED = {
    "contacts": [{"id": JANE, "name": "Jane Example", "outlet": "Radio Lumen"}],
    "artistInfo": {
        "name": "Neon Harbour",
        "genre": "synthpop",
        "facts": [{"id": "f1", "text": "They record at home with two synthesizers"}],
    },
}


@pytest.mark.parametrize(
    ("fault", "outcome", "failed"),
    [
        ("invent=9", "checks_failed", ("facts",)),
        ("invalid=9", "invalid_output", ()),
        ("refuse=9", "model_refused", ()),
        ("truncate=9", "cut_off", ()),
    ],
)
async def test_what_a_model_gets_wrong_twice_the_template_says_right(
    stage: Stage, fault: str, outcome: str, failed: tuple[str, ...]
) -> None:
    report = await stage.report("generate-pitch", PITCHED, skill_hash=fault)
    assert report.error is None
    opened = await reveal(stage.vault, USER, report.output)
    assert "NME" not in str(opened)
    assert opened["body"].startswith("Hi Jane Example,")
    assert [check["name"] for check in opened["pitches"][0]["checks"] if not check["passed"]] == []
    assert opened["meta"]["basis"] == "template"
    assert report.warnings == ("no model wrote this text: it is from the template",)
    told = [(call.purpose, call.outcome, call.failed_checks) for call in report.calls]
    assert told == [("first", outcome, failed), ("repair", outcome, failed)]
    assert all(call.usage is not None and call.usage.list_price_usd for call in report.calls)
    assert report.usage is not None
    assert report.usage.tokens == sum(call.usage.tokens for call in report.calls if call.usage)


async def test_the_repair_of_a_model_that_invents_once_is_taken(stage: Stage) -> None:
    report = await stage.report("generate-pitch", PITCHED, skill_hash="invent=1")
    assert [(call.purpose, call.outcome) for call in report.calls] == [
        ("first", "checks_failed"),
        ("repair", "passed"),
    ]
    assert (report.output["meta"]["basis"], report.warnings) == ("model", ())


@pytest.mark.parametrize(
    ("fault", "code"), [("cut=9", "provider_error"), ("429=9", "rate_limited"), ("503=9", "provider_error")]
)
async def test_a_provider_that_fails_is_tried_again_and_no_template_hides_it(
    stage: Stage, fault: str, code: str
) -> None:
    report = await stage.report("generate-pitch", PITCHED, skill_hash=fault)
    assert report.error is not None
    assert (report.error.code, report.error.retryable, report.usage) == (code, True, None)
    assert report.error.message.startswith("contacts[0]: ")
    assert [(call.outcome, call.usage) for call in report.calls] == [(code, None)]


async def test_a_model_that_does_not_answer_in_time_leaves_it_to_the_template(stage: Stage) -> None:
    report = await stage.report("generate-pitch", PITCHED, skill_hash="latency=60", timeout_s=4)
    assert report.error is None
    assert [call.outcome for call in report.calls] == ["timeout"]
    assert report.output["meta"]["basis"] == "template"
    assert report.duration_ms < 4000


async def test_the_next_attempt_asks_only_for_what_is_missing(stage: Stage) -> None:
    people = [{"id": str(uuid4()), "name": f"Person {n}", "outlet": f"Outlet {n}"} for n in range(3)]
    given = {**PITCHED, "contacts": people}
    whole = await stage.report("generate-pitch", given)
    kept = [whole.output["pitches"][0], whole.output["pitches"][2]]
    before = stage.calls()
    work = await stage.ask("generate-pitch", given, done=Done(partial={"pitches": kept}, items=(0, 2)))
    report = await stage.orchestrator.next()
    assert (report.attempt_id, stage.calls()) == (work.attempt_id, before + 1)
    assert [call.item for call in report.calls] == [1]
    assert [pitch["contact_id"] for pitch in report.output["pitches"]] == [one["id"] for one in people]
    assert [report.output["pitches"][place] for place in (0, 2)] == kept


PRESS = {
    "artist": PITCHED["artistInfo"],
    "release": {"title": "Glass Coast", "type": "single", "date": "2026-12-20"},
    "quotes": [{"text": "It is a song about the last train home.", "speaker": "Ana Sample, singer"}],
    "contact_line": "Quillon Testerby, press@example.org",
}


@pytest.mark.parametrize(("changes", "basis"), [({}, "model"), ({"skill_hash": "invent=9"}, "template")])
async def test_a_press_release_is_written_by_the_other_provider_too(
    stage: Stage, changes: dict[str, Any], basis: str
) -> None:
    report = await stage.report("write-press-release", PRESS, **changes)
    assert report.error is None
    assert b"Quillon" not in report.to_json()
    opened = await reveal(stage.vault, USER, report.output)
    assert (opened["meta"]["basis"], "NME" in str(opened)) == (basis, False)
    assert [check["name"] for check in opened["checks"] if not check["passed"]] == []
    assert "“It is a song about the last train home.”" in opened["body"]
    assert "Contact: Quillon Testerby, press@example.org" in opened["notes_to_editors"]
    assert opened["missing"] == ["links", "biography", "three facts or more", "location"]
    assert {call.provider for call in report.calls} == {"openai"}


async def test_findings_are_put_into_words_without_anybody_s_name(stage: Stage) -> None:
    findings = {"text": "Three of 48 pitches were answered", "n": 48, "name": "Jane Example"}
    report = await stage.report("write-summary", {"findings": findings})
    assert report.error is None
    assert report.output["meta"]["basis"] == "model"
    assert "Three of 48 pitches were answered" in report.output["text"]
