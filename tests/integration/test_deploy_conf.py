"""The deployment's NATS configuration on a real server: what each user may do, and what not."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import nats
import pytest

from campaigns.doors import Doors
from campaigns.main import routes
from shared import subjects
from shared.bus import Bus, Heard
from shared.commit import Commit
from shared.delivery import Delivery
from shared.events import SessionCancelled
from shared.jetstream_log import JetStreamLog
from shared.log import MemoryLog
from shared.memory_vault import MemoryVault
from shared.registry import Registry
from shared.streams import check, provision
from shared.subjects import RECORDS
from shared.vault import migrate
from totalaud.backup.restoring import restore
from totalaud.backup.taking import back_up
from totalaud.client import Client
from totalaud.connection import Connection
from totalaud.errors import Unreachable
from totalaud.skillfiles import load
from totalaud.stack import paths, ports
from totalaud.stack.nats import MAX_PAYLOAD, SYNC_INTERVAL, binary

ROOT = Path(__file__).parents[2]
CONF = ROOT / "deploy" / "nats.conf"
ALICE = UUID("5f1c54a4-6d0c-4a57-9d6b-5d2a3f8e1c11")
BOB = UUID("12345678-6d0c-4a57-9d6b-5d2a3f8e1c11")
ID = "00000000-0000-4000-8000-000000000001"
SERVICES = ("operator", "orchestrator", "skill-runner", "projector", "campaigns")
LESSER = ("alice", *SERVICES[1:])
ENV = {
    **{
        f"NATS_{name.upper().replace('-', '_')}_PASSWORD": f'"{number}12"'
        for number, name in enumerate(SERVICES)
    },
    "CLIENT_NAME": "alice",
    "NATS_CLIENT_PASSWORD": '"12e5"',
    "CLIENT_ASK": f'"ask.{ALICE}.>"',
    "CLIENT_CMD": f'"cmd.{ALICE}.>"',
    "CLIENT_FEED": f'"feed.{ALICE}.>"',
    "CLIENT_INBOX": '"_INBOX_alice.>"',
}


@pytest.fixture(scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A server with the streams made."""
    async with deployed(tmp_path_factory.mktemp("nats")) as address:
        async with as_user(address, "operator") as operator:
            await provision(operator, ack_wait_s=5)
        yield address


@asynccontextmanager
async def deployed(folder: Path) -> AsyncIterator[str]:
    """A server of deploy/nats.conf, on a port and in a folder of its own."""
    port = ports.free_port()
    with (folder / "log").open("w") as log:
        server = await asyncio.create_subprocess_exec(
            *(str(binary()), "-c", str(CONF), "-a", ports.LOOPBACK, "-p", str(port), "-m", "0"),
            env=os.environ | ENV | {"NATS_STORE_DIR": f'"{folder}"'},
            stderr=log,
        )
    try:
        address = f"{ports.LOOPBACK}:{port}"
        while ports.is_free(port):
            assert server.returncode is None, (folder / "log").read_text()
            await asyncio.sleep(0.02)
        yield address
    finally:
        server.terminate()
        await server.wait()


def password(user: str) -> str:
    name = "CLIENT" if user == "alice" else user.upper().replace("-", "_")
    return ENV[f"NATS_{name}_PASSWORD"].strip('"')


@asynccontextmanager
async def as_user(address: str, user: str) -> AsyncIterator[Bus]:
    bus = await Bus.connect(f"nats://{user}:{password(user)}@{address}", name=user, give_up=True)
    try:
        yield bus
    finally:
        await bus.close()


async def denied(address: str, user: str, subject: str, *, subscribe: bool = False) -> bool:
    """Whether the server objects to a publish or a subscription."""
    objections: list[str] = []

    async def objected(error: Exception) -> None:
        objections.append(str(error))

    client = await nats.connect(f"nats://{user}:{password(user)}@{address}", error_cb=objected)
    try:
        if subscribe:
            await client.subscribe(subject)
        else:
            await client.publish(subject, b"{}")
        await client.flush()
        await asyncio.sleep(0.02)
    finally:
        await client.close()
    return any("permissions violation" in objection for objection in objections)


DOORS = list(Doors(routes(MemoryLog(), MemoryVault())).open())
ALLOWED = [
    ("alice", f"ask.{ALICE}.session.run"),
    ("alice", f"cmd.{ALICE}.skill.execute"),
    ("orchestrator", f"stop.{ID}"),
    ("skill-runner", f"report.{ID}"),
    ("skill-runner", f"attempt.{ID}.beat"),
    ("operator", "ops.skill.push"),
    *(("alice", f"ask.{ALICE}.{command}") for command in routes(MemoryLog(), MemoryVault())),
    *(("campaigns", f"evt.{ALICE}.{noun}.{ID}") for noun in RECORDS),
]
DENIED = [
    *((user, f"$JS.API.STREAM.SNAPSHOT.{stream}") for user in LESSER for stream in ("EVT", "CMD")),
    *((user, "$JS.API.STREAM.RESTORE.EVT") for user in LESSER),
    ("alice", f"ask.{BOB}.session.run"),
    ("alice", f"cmd.{BOB}.session.run"),
    ("alice", f"evt.{ALICE}.session.{ID}"),
    ("alice", f"report.{ID}"),
    ("alice", "ops.skill.push"),
    ("alice", "_INBOX_orchestrator.x"),
    ("alice", "$JS.API.STREAM.INFO.EVT"),
    ("alice", "$JS.API.DIRECT.GET.EVT"),
    ("alice", "$JS.API.CONSUMER.CREATE.EVT"),
    ("skill-runner", f"evt.{ALICE}.session.{ID}"),
    ("skill-runner", "work.custom.x.y"),
    ("skill-runner", f"ask.{ALICE}.session.run"),
    ("skill-runner", "$JS.API.STREAM.DELETE.WORK"),
    *(("orchestrator", f"evt.{ALICE}.{noun}.{ID}") for noun in RECORDS),
    *(("alice", f"evt.{ALICE}.{noun}.{ID}") for noun in RECORDS),
    *(("alice", f"ask.{BOB}.{command}") for command in routes(MemoryLog(), MemoryVault())),
    ("orchestrator", f"report.{ID}"),
    ("orchestrator", f"late.{ID}"),
    ("orchestrator", "$JS.API.STREAM.UPDATE.EVT"),
    ("orchestrator", "$JS.API.STREAM.PURGE.CMD"),
    ("orchestrator", "$JS.API.CONSUMER.MSG.NEXT.WORK.custom"),
    ("projector", f"evt.{ALICE}.session.{ID}"),
    ("projector", "$JS.API.CONSUMER.CREATE.EVT"),
    ("projector", "$JS.API.CONSUMER.MSG.NEXT.EVT.traces"),
    ("campaigns", f"evt.{ALICE}.session.{ID}"),
    ("campaigns", "$JS.API.CONSUMER.MSG.NEXT.CMD.orchestrator"),
    ("campaigns", f"evt.{ALICE}.execution.{ID}"),
    ("campaigns", "evt.skill.research-contacts"),
    ("campaigns", f"ask.{ALICE}.contacts.erase"),
    ("projector", f"evt.{ALICE}.campaign.{ID}"),
    ("skill-runner", f"evt.{ALICE}.campaign.{ID}"),
    ("skill-runner", f"ask.{ALICE}.outreach.record"),
]
UNHEARD = [
    ("alice", f"feed.{BOB}.>"),
    ("alice", "feed.>"),
    ("alice", "_INBOX.>"),
    ("alice", "_INBOX_orchestrator.>"),
    ("alice", f"ask.{ALICE}.>"),
    ("skill-runner", "feed.*.session.>"),
    ("skill-runner", "_INBOX_orchestrator.>"),
    ("projector", "ask.>"),
    ("campaigns", "ask.*.session.*"),
    *(("orchestrator", door.subject) for door in DOORS),
    *(("projector", door.subject) for door in DOORS),
    ("campaigns", "ask.*.*.*"),
    ("campaigns", "feed.>"),
]


@pytest.mark.parametrize(("user", "subject"), ALLOWED)
async def test_a_user_may_publish_what_is_its_own(url, user, subject):
    assert not await denied(url, user, subject)


@pytest.mark.parametrize(("user", "subject"), DENIED)
async def test_a_user_may_not_publish_what_is_anothers(url, user, subject):
    assert await denied(url, user, subject)


@pytest.mark.parametrize("subject", [door.subject for door in DOORS])
async def test_the_campaigns_service_may_hear_all_of_its_doors(url, subject):
    assert not await denied(url, "campaigns", subject, subscribe=True)


@pytest.mark.parametrize(("user", "subject"), UNHEARD)
async def test_a_user_may_not_hear_what_is_anothers(url, user, subject):
    assert await denied(url, user, subject, subscribe=True)


async def test_nobody_comes_in_without_a_password(url):
    reader, writer = await asyncio.open_connection(*url.split(":"))
    writer.write(b'CONNECT {"verbose": false}\r\nPING\r\n')
    said = await reader.read(-1)
    writer.close()
    await writer.wait_closed()
    assert b"Authorization Violation" in said
    assert b"PONG" not in said


@pytest.mark.parametrize("user", ["orchestrator", "skill-runner", "projector", "campaigns"])
async def test_a_service_can_check_the_streams_and_read_the_log(url, user):
    async with as_user(url, user) as bus:
        await check(bus)
        log = JetStreamLog(bus)
        assert (await log.load(subjects.session(ALICE, uuid4()))).seq == 0


@pytest.mark.parametrize("user", ["orchestrator", "skill-runner"])
async def test_who_needs_the_skills_can_follow_them(url, user):
    async with as_user(url, user) as bus:
        assert (await Registry.load(bus, JetStreamLog(bus))).skills() == []


async def test_a_client_asks_and_is_answered(url):
    async def answer(heard: Heard) -> None:
        await heard.answer(b"yes")

    async with as_user(url, "orchestrator") as orchestrator, as_user(url, "alice") as alice:
        await orchestrator.listen("ask.*.session.*", answer, queue="orchestrator")
        await orchestrator.client.flush()
        assert await alice.request(f"ask.{ALICE}.session.run", b"{}") == b"yes"


async def test_a_client_queues_and_the_orchestrator_takes_it(url):
    taken = asyncio.Event()

    async def handle(delivery: Delivery) -> None:
        await delivery.working()
        await delivery.ack()
        if delivery.subject == f"cmd.{ALICE}.session.run":
            taken.set()

    async with as_user(url, "orchestrator") as orchestrator, as_user(url, "alice") as alice:
        async with consuming(orchestrator, "CMD", "orchestrator", handle):
            ack = await alice.publish(f"cmd.{ALICE}.session.run", b"{}")
            await asyncio.wait_for(taken.wait(), 5)
        assert await orchestrator.client.jetstream().delete_msg("CMD", ack.seq)


async def test_work_reaches_the_runner_and_its_report_the_orchestrator(url):
    taken: asyncio.Queue[str] = asyncio.Queue()
    attempt = uuid4()

    async def answer(heard: Heard) -> None:
        await heard.answer(b"in the log")

    async with as_user(url, "orchestrator") as orchestrator, as_user(url, "skill-runner") as runner:

        async def handle(delivery: Delivery) -> None:
            assert await runner.request(subjects.report(attempt), b"{}") == b"in the log"
            await runner.publish(subjects.late(attempt), b"{}")
            await delivery.ack()
            taken.put_nowait(delivery.subject)

        await orchestrator.listen("report.*", answer, queue="orchestrator")
        work = subjects.work("custom", "research-contacts", attempt)
        async with consuming(runner, "WORK", "custom", handle):
            await orchestrator.publish(work, b"{}", headers={"Nats-Expected-Last-Subject-Sequence": "0"})
            assert await asyncio.wait_for(taken.get(), 5) == work


async def test_a_commit_reaches_its_user_live_and_the_projector_and_the_traces(url):
    heard: asyncio.Queue[str] = asyncio.Queue()
    projected: asyncio.Queue[str] = asyncio.Queue()
    traced: asyncio.Queue[str] = asyncio.Queue()
    aggregate = subjects.session(ALICE, uuid4())
    commit = Commit(commit_id=uuid4(), at=datetime.now(UTC), events=(SessionCancelled(),))

    async def hear(message: Heard) -> None:
        heard.put_nowait(message.subject)

    async def project(message: Heard) -> None:
        projected.put_nowait(message.subject)

    async def trace(delivery: Delivery) -> None:
        await delivery.ack()
        traced.put_nowait(delivery.subject)

    async with (
        as_user(url, "orchestrator") as orchestrator,
        as_user(url, "alice") as alice,
        as_user(url, "projector") as projector,
        consuming(orchestrator, "EVT", "traces", trace),
    ):
        await alice.listen(f"feed.{ALICE}.>", hear)
        await alice.client.flush()
        await projector.listen("feed.>", project)
        await projector.client.flush()
        await JetStreamLog(orchestrator).append(aggregate, commit, expected=0)
        assert await asyncio.wait_for(heard.get(), 5) == aggregate.feed
        assert await asyncio.wait_for(traced.get(), 5) == aggregate.subject
        assert await asyncio.wait_for(projected.get(), 5) == aggregate.feed
        assert (await JetStreamLog(projector).load(aggregate)).recorded


async def test_a_commit_of_eight_megabytes_is_too_large_and_less_is_not(url):
    async with as_user(url, "orchestrator") as bus:
        assert bus.max_payload == 8 * 1024 * 1024


def test_the_local_stack_and_a_deployment_agree_on_what_matters():
    conf = CONF.read_text()
    assert f"max_payload: {MAX_PAYLOAD}\n" in conf
    assert f"sync_interval: {SYNC_INTERVAL}\n" in conf


@pytest.mark.timeout(240)
async def test_the_operator_backs_up_and_restores(url, database_url, tmp_path):
    await migrate(database_url)
    backup = tmp_path / "backup"
    here = f"nats://operator:{password('operator')}@{url}"
    taken = await back_up(Connection(here, database_url, tmp_path), backup)
    async with (
        deployed(paths.make_folder(tmp_path / "store")) as address,
        as_user(address, "operator") as operator,
    ):
        done = await restore(operator, database_url, backup, taken, master_key=bytes(32))
        assert done.streams["EVT"].last_seq == taken.streams["EVT"].last_seq
        await check(operator)


async def test_the_whole_system_works_with_these_users(url, database_url, tmp_path):
    """A workflow, each service as its own user, and none asks for more than it may."""
    model_port = ports.free_port()
    shared_env = {
        "TOTALAUD_DATABASE_URL": database_url,
        "TOTALAUD_MASTER_KEY": "ab" * 32,
        "TOTALAUD_LOCAL_MODEL_URL": f"http://{ports.LOOPBACK}:{model_port}",
        "TOTALAUD_SKILLS": str(ROOT / "skills"),
    }
    await migrate(database_url)
    model = (sys.executable, "-m", "totalaud.model_server", "--port", str(model_port))
    async with AsyncExitStack() as running:
        await running.enter_async_context(process(tmp_path / "model-server", model, {}))
        for user in SERVICES[1:]:
            command = (sys.executable, "-m", user.replace("-", "_"))
            env = shared_env | {"TOTALAUD_NATS_URL": f"nats://{user}:{password(user)}@{url}"}
            await running.enter_async_context(process(tmp_path / user, command, env))
        async with client("operator", url, database_url) as operator:
            loaded = load(ROOT / "skills")
            await when_there(lambda: operator.operator.push(loaded.skills, loaded.agents))
        async with client("alice", url, database_url) as alice:
            rows = [{"name": "Jane Example", "email": "jane@example.org", "type": "radio"}]
            await when_there(lambda: alice.door.ask(ALICE, "contacts", "import", {"rows": rows}))
            await alice.records.set_artist("Nobody")
            await alice.records.create_campaign("Spring", artist="Nobody")
            sent = await alice.records.record_outreach(
                "Spring", "jane@example.org", "sent", "2026-05-01T10:00:00Z"
            )
            assert not sent["unchanged"]
            step = {"skill": "research-contacts", "input": {"query": "radio"}}
            pitch = {"artist_name": "A", "genre": "synthpop", "contact_name": "a presenter"}
            steps = [step, {"skill": "generate-pitch", "input": pitch}]
            started = await alice.run("scout-agent", steps)
            result = await alice.outcome(started.id)
            assert result.status == "completed"
            record = await alice.get(started.id, min_seq=result.seq)
            assert record.status == "completed"
    logs = "".join((tmp_path / user).read_text() for user in SERVICES[1:])
    assert "violation" not in logs.lower()


async def when_there(ask: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await ask()
        except Unreachable:
            continue
        return


@asynccontextmanager
async def client(user: str, address: str, database_url: str) -> AsyncIterator[Client]:
    nats_url = f"nats://{user}:{password(user)}@{address}"
    connection = Connection(nats_url, database_url, Path(), "ab" * 32, None)
    async with await Client.connect(connection, user=ALICE) as client:
        yield client


@asynccontextmanager
async def process(log: Path, command: tuple[str, ...], env: dict[str, str]) -> AsyncIterator[None]:
    with log.open("w") as output:
        running = await asyncio.create_subprocess_exec(*command, env=os.environ | env, stderr=output)
    try:
        yield
    finally:
        running.terminate()
        await running.wait()


@asynccontextmanager
async def consuming(bus: Bus, stream: str, durable: str, handle) -> AsyncIterator[None]:
    task = asyncio.create_task(bus.consume(stream, durable, handle, in_flight=4))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
