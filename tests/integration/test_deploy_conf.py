"""The deployment's NATS configuration on a real server: what each user may do, and what not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from deployed import ALICE, CONF, OPERATOR, SERVICES, Deployment, deployed
from shared import streams, subjects
from shared.bus import Bus
from shared.commit import Commit
from shared.delivery import Delivery
from shared.events import SessionCancelled
from shared.jetstream_log import JetStreamLog
from shared.listening import Heard
from shared.pull import Puller
from shared.registry import Registry
from shared.streams import check
from shared.vault import migrate
from totalaud.backup.restoring import restore
from totalaud.backup.taking import back_up
from totalaud.connection import Connection
from totalaud.stack import paths
from totalaud.stack.nats import MAX_PAYLOAD, PING_INTERVAL, SYNC_INTERVAL


@pytest.fixture(scope="module")
async def deployment(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Deployment]:
    async with deployed(tmp_path_factory.mktemp("nats")) as deployment:
        yield deployment


async def test_nobody_comes_in_without_a_password(deployment):
    reader, writer = await asyncio.open_connection(*deployment.address.split(":"))
    writer.write(b'CONNECT {"verbose": false}\r\nPING\r\n')
    said = await reader.read(-1)
    writer.close()
    await writer.wait_closed()
    assert b"Authorization Violation" in said
    assert b"PONG" not in said


@pytest.mark.parametrize("user", SERVICES)
async def test_a_service_can_check_the_streams_and_read_the_log(deployment, user):
    async with deployment.bus(user) as bus:
        await check(bus)
        log = JetStreamLog(bus)
        assert (await log.load(subjects.session(ALICE, uuid4()))).seq == 0


@pytest.mark.parametrize("user", ["orchestrator", "skill-runner"])
async def test_who_needs_the_skills_can_follow_them(deployment, user):
    async with deployment.bus(user) as bus:
        assert (await Registry.load(bus, JetStreamLog(bus))).skills() == []


async def test_a_client_asks_and_is_answered(deployment):
    async def answer(heard: Heard) -> None:
        await heard.answer(b"yes")

    async with deployment.bus("orchestrator") as orchestrator, deployment.bus("alice") as alice:
        await orchestrator.listen("ask.*.session.*", answer, queue="orchestrator")
        await orchestrator.settled()
        assert await alice.request(f"ask.{ALICE}.session.run", b"{}") == b"yes"


async def test_a_client_queues_and_the_orchestrator_takes_it(deployment):
    taken = asyncio.Event()

    async def handle(delivery: Delivery) -> None:
        await delivery.working()
        await delivery.ack()
        if delivery.subject == f"cmd.{ALICE}.session.run":
            taken.set()

    async with deployment.bus("orchestrator") as orchestrator, deployment.bus("alice") as alice:
        async with consuming(orchestrator, "CMD", "orchestrator", handle):
            ack = await alice.publish(f"cmd.{ALICE}.session.run", b"{}")
            await asyncio.wait_for(taken.wait(), 5)
        assert await orchestrator.client.jetstream().delete_msg("CMD", ack.seq)


async def test_work_reaches_the_runner_and_its_report_the_orchestrator(deployment):
    taken: asyncio.Queue[str] = asyncio.Queue()
    attempt = uuid4()

    async def answer(heard: Heard) -> None:
        await heard.answer(b"in the log")

    async with deployment.bus("orchestrator") as orchestrator, deployment.bus("skill-runner") as runner:

        async def handle(delivery: Delivery) -> None:
            assert await runner.request(subjects.report(attempt), b"{}") == b"in the log"
            await runner.publish(subjects.late(attempt), b"{}")
            await runner.publish(subjects.late(attempt, claimed=False), b"{}")
            await delivery.ack()
            taken.put_nowait(delivery.subject)

        await orchestrator.listen("report.*", answer, queue="orchestrator")
        work = subjects.work("custom", "research-contacts", attempt)
        async with consuming(runner, "WORK", "custom", handle):
            await orchestrator.publish(work, b"{}", headers={"Nats-Expected-Last-Subject-Sequence": "0"})
            assert await asyncio.wait_for(taken.get(), 5) == work
            there = await streams.info(orchestrator, "CMD", subjects.late(attempt))
            assert there.state.subjects == {subjects.late(attempt): 1}
            queued = orchestrator.client.jetstream().get_last_msg("CMD", subjects.late(attempt), direct=True)
            assert (await queued).data == b"{}"


async def test_a_commit_reaches_its_user_live_and_the_projector_and_the_traces(deployment):
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
        deployment.bus("orchestrator") as orchestrator,
        deployment.bus("alice") as alice,
        deployment.bus("projector") as projector,
        consuming(orchestrator, "EVT", "traces", trace),
    ):
        await alice.listen(f"feed.{ALICE}.>", hear)
        await alice.settled()
        await projector.listen("feed.>", project)
        await projector.settled()
        await JetStreamLog(orchestrator).append(aggregate, commit, expected=0)
        assert await asyncio.wait_for(heard.get(), 5) == aggregate.feed
        assert await asyncio.wait_for(traced.get(), 5) == aggregate.subject
        assert await asyncio.wait_for(projected.get(), 5) == aggregate.feed
        assert (await JetStreamLog(projector).load(aggregate)).recorded


async def test_a_commit_of_eight_megabytes_is_too_large_and_less_is_not(deployment):
    async with deployment.bus("orchestrator") as bus:
        assert bus.max_payload == 8 * 1024 * 1024


def test_the_local_stack_and_a_deployment_agree_on_what_matters():
    conf = CONF.read_text()
    assert f"max_payload: {MAX_PAYLOAD}\n" in conf
    assert f"sync_interval: {SYNC_INTERVAL}\n" in conf
    assert f"ping_interval: {PING_INTERVAL}\n" in conf


@asynccontextmanager
async def consuming(bus: Bus, stream: str, durable: str, handle) -> AsyncIterator[None]:
    task = asyncio.create_task(Puller(bus, stream, durable, handle, in_flight=4).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_operator_backs_up_and_restores(deployment, database_url, tmp_path):
    await migrate(database_url)
    backup = tmp_path / "backup"
    here = Connection(deployment.url(OPERATOR), database_url, tmp_path)
    taken = await back_up(here, backup)
    async with (
        deployed(paths.make_folder(tmp_path / "store"), streams=False) as empty,
        empty.bus(OPERATOR) as operator,
    ):
        done = await restore(operator, database_url, backup, taken, master_key=bytes(32))
        assert done.streams["EVT"].last_seq == taken.streams["EVT"].last_seq
        await check(operator)
