"""The traces of ended sessions on a real NATS and a real receiver, which may be away for a while."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

import otlp
from orchestrator import traces
from orchestrator.sessions import Appended, untold
from orchestrator.traces import TraceExporter
from shared import subjects
from shared.bus import Bus
from shared.commit import Commit
from shared.events import (
    AnyEvent,
    AttemptReportedLate,
    AttemptRequested,
    PlannedStep,
    SessionCancelled,
    SessionCompleted,
    SessionStarted,
    StepCompleted,
)
from shared.jetstream_log import EXPECTED, JetStreamLog
from shared.log import Log, Past, Recorded
from shared.span import Span
from shared.subjects import Aggregate

USER = UUID("5f1c54a4-6d0c-4a57-9d6b-5d2a3f8e1c11")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch):
    with otlp.receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint)
        yield receiver


@asynccontextmanager
async def exporting(bus: Bus, log: Log | None = None) -> AsyncIterator[None]:
    exporter = TraceExporter.from_env()
    assert exporter is not None
    async with running(exporter, bus, log):
        yield


@asynccontextmanager
async def running(exporter: TraceExporter, bus: Bus, log: Log | None = None) -> AsyncIterator[None]:
    task = asyncio.create_task(exporter.run(bus, log or JetStreamLog(bus)))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def append(bus: Bus, aggregate: Aggregate, *events: AnyEvent, appended: Appended = untold) -> None:
    log = JetStreamLog(bus)
    commit = Commit(commit_id=uuid4(), at=NOW, events=events)
    follows = (await log.load(aggregate)).seq
    seq = await log.append(aggregate, commit, expected=follows)
    appended(aggregate, Recorded(seq, commit), follows, 0)


def started() -> SessionStarted:
    plan = PlannedStep(
        number=1,
        skill="research-contacts",
        skill_hash="h",
        agent="scout-agent",
        pool="custom",
        input={},
        timeout_s=5,
        max_attempts=3,
        backoff_s=1,
    )
    return SessionStarted(agent="scout-agent", steps=(plan,), input={}, fingerprint="f")


def requested(attempt_id: UUID) -> AttemptRequested:
    return AttemptRequested(
        step=1,
        attempt=1,
        attempt_id=attempt_id,
        skill="research-contacts",
        skill_hash="h",
        pool="custom",
        input={},
        timeout_s=5,
    )


async def run_session(bus: Bus, appended: Appended = untold) -> Aggregate:
    aggregate, attempt_id = subjects.session(USER, uuid4()), uuid4()
    await append(bus, aggregate, started(), requested(attempt_id), appended=appended)
    done = StepCompleted(step=1, attempt_id=attempt_id, output={}, started_at=NOW, duration_ms=1)
    await append(bus, aggregate, done, SessionCompleted(), appended=appended)
    return aggregate


async def whole(receiver: otlp.Receiver, aggregate: Aggregate, count: int) -> otlp.Received:
    trace_id = UUID(aggregate.id).hex
    await asyncio.to_thread(receiver.wait, lambda _: len(receiver.spans(trace_id=trace_id)) >= count)
    return otlp.assert_whole(receiver.spans(trace_id=trace_id), services={"orchestrator"})


async def test_a_session_that_ends_is_one_tree_at_the_receiver(bus, receiver):
    async with exporting(bus):
        root = await whole(receiver, await run_session(bus), 2)
    assert root.name == "invoke_agent scout-agent"


class Unread(JetStreamLog):
    async def load(self, aggregate: Aggregate, after: int = 0) -> Past:
        raise AssertionError(aggregate, after)


async def test_a_session_that_this_process_wrote_alone_is_not_read_again(bus, receiver):
    exporter = TraceExporter.from_env()
    assert exporter is not None
    aggregate = await run_session(bus, exporter.appended)
    async with running(exporter, bus, Unread(bus)):
        await whole(receiver, aggregate, 2)


async def test_what_ended_long_before_somebody_looks_is_passed_over(bus, receiver, monkeypatch):
    await run_session(bus)
    monkeypatch.setattr(traces, "OLDEST", timedelta(0))
    async with exporting(bus, Unread(bus)):
        await acknowledged(bus)
    assert receiver.spans() == []
    assert not (await bus.client.jetstream().stream_info("DLQ")).state.messages


async def test_what_ends_nothing_is_not_read_at_all(bus, receiver):
    async with exporting(bus, Unread(bus)):
        await append(bus, subjects.session(USER, uuid4()), started(), requested(uuid4()))
        await acknowledged(bus)
    assert not (await bus.client.jetstream().stream_info("DLQ")).state.messages


async def test_a_commit_of_a_release_that_did_not_say_what_ends_is_read(bus, receiver):
    aggregate = subjects.session(USER, uuid4())
    commit = Commit(commit_id=uuid4(), at=NOW, events=(started(), SessionCancelled()))
    await bus.publish(aggregate.subject, commit.encode(aggregate), headers={EXPECTED: "0"})
    async with exporting(bus):
        await whole(receiver, aggregate, 1)


async def acknowledged(bus: Bus) -> None:
    """Wait until all was delivered and acknowledged."""
    async with asyncio.timeout(20):
        while True:
            info = await bus.client.jetstream().consumer_info("EVT", "traces")
            if not info.num_pending and not info.num_ack_pending:
                return
            await asyncio.sleep(0.05)


async def test_many_sessions_that_end_together_are_sent_together(bus, receiver):
    ended = [await run_session(bus) for _ in range(20)]
    async with exporting(bus):
        for aggregate in ended:
            await whole(receiver, aggregate, 2)
    assert receiver.requests < len(ended)


async def test_what_cannot_be_sent_becomes_a_dead_letter_and_holds_up_no_other(bus: Bus):
    bad, good = [await run_session(bus) for _ in range(2)]
    sent: set[str] = set()

    def send(spans: Sequence[Span]) -> bool:
        traces = {span.trace_id for span in spans}
        if UUID(bad.id).hex in traces:
            raise ValueError(traces)
        sent.update(traces)
        return True

    async with running(TraceExporter(send), bus), asyncio.timeout(30):
        while not (await bus.client.jetstream().stream_info("DLQ")).state.messages:
            await asyncio.sleep(0.05)
    assert sent == {UUID(good.id).hex}


async def test_a_receiver_that_is_away_gets_the_trace_when_it_is_back(bus, receiver):
    receiver.refuse = True
    async with exporting(bus):
        aggregate = await run_session(bus)
        await asyncio.to_thread(receiver.wait, lambda _: receiver.requests > 0)
        receiver.refuse = False
        await whole(receiver, aggregate, 2)


async def test_what_gathered_while_the_receiver_was_away_is_sent_in_requests_that_it_takes(
    bus, receiver, monkeypatch
):
    monkeypatch.setattr(traces, "MOST_SPANS", 4)
    receiver.most_bytes = 3_000
    ended = [await run_session(bus) for _ in range(20)]
    async with exporting(bus):
        for aggregate in ended:
            await whole(receiver, aggregate, 2)
    assert receiver.requests < len(ended)


async def test_what_ended_while_nobody_exported_is_exported_later(bus, receiver):
    aggregate = await run_session(bus)
    async with exporting(bus):
        await whole(receiver, aggregate, 2)


async def test_two_exporters_tell_every_session_once(bus, receiver):
    async with exporting(bus), exporting(bus):
        for aggregate in [await run_session(bus) for _ in range(10)]:
            await whole(receiver, aggregate, 2)


async def test_a_report_after_the_end_is_told_and_nothing_is_told_twice(bus, receiver):
    aggregate, attempt_id = subjects.session(USER, uuid4()), uuid4()
    async with exporting(bus):
        await append(bus, aggregate, started(), requested(attempt_id))
        await append(bus, aggregate, SessionCancelled())
        await whole(receiver, aggregate, 2)
        late = AttemptReportedLate(step=1, attempt_id=attempt_id, started_at=NOW, duration_ms=1)
        await append(bus, aggregate, late)
        await whole(receiver, aggregate, 3)


def test_without_an_endpoint_there_is_no_exporter(monkeypatch):
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    assert TraceExporter.from_env() is None
