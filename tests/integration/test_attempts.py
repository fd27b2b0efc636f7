"""An attempt's life in a skill-runner: claims, heartbeats, orders to stop, and servers that go away."""

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

import pytest

from runnerstage import ACK_WAIT_S, JANE, USER, Stage, model_url, rigs, stage, theatre
from servers import Rig, read_only
from shared import subjects
from shared.bus import Bus
from shared.json import dumps
from shared.pull import Puller
from shared.sealing import is_sealed, reveal
from shared.work import Report, Work
from skill_runner.abort import Abort
from skill_runner.execution import Ready
from skill_runner.handlers import Handlers
from skill_runner.main import wire
from skill_runner.progress import Progress
from skill_runner.reporting import about

__all__ = ["model_url", "rigs", "stage", "theatre"]


@pytest.fixture
def nats(rigs: tuple[Rig, Rig]) -> Rig:
    return rigs[0]


@pytest.fixture
def postgres(rigs: tuple[Rig, Rig]) -> Rig:
    return rigs[1]


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
    await stage.drained("anthropic")
    assert (stage.calls(), stage.orchestrator.heard.count("start")) == (before + 1, 1)


async def test_free_work_that_comes_again_after_its_report_is_not_run_again(stage: Stage) -> None:
    work = await stage.ask("echo", {"text": "a"})
    first = await stage.orchestrator.next()
    await stage.ask("echo", {"text": "a"}, attempt_id=work.attempt_id, id=work.id)
    await stage.drained()
    assert first.attempt_id == work.attempt_id
    assert stage.orchestrator.reports.empty()


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


async def test_what_a_cancelled_session_has_in_the_queue_is_not_run(stage: Stage) -> None:
    cancelled, another = uuid4(), uuid4()
    await stage.bus.tell(subjects.stop(cancelled), dumps({"user": str(USER), "seq": 7}))
    await stage.bus.tell(subjects.stop(another), dumps({"user": str(uuid4()), "seq": 7}))
    await asyncio.sleep(0.2)
    await stage.ask("echo", {"text": "before"}, id=cancelled, seq=6)
    retried = await stage.ask("echo", {"text": "after"}, id=cancelled, seq=8)
    other = await stage.ask("echo", {"text": "of somebody else"}, id=another, seq=6)
    await stage.drained()
    reported = {(await stage.orchestrator.next()).attempt_id for _ in range(2)}
    assert reported == {retried.attempt_id, other.attempt_id}
    assert stage.orchestrator.reports.empty()


async def test_a_skill_that_runs_alone_under_a_cancelled_session_s_id_is_run(stage: Stage) -> None:
    running = await stage.ask("spin", {}, noun="execution", seq=5, timeout_s=2)
    await asyncio.sleep(1)
    await stage.bus.tell(subjects.stop(running.id), dumps({"user": str(USER), "seq": 7}))
    queued = await stage.ask("echo", {"text": "alone"}, noun="execution", id=running.id, seq=6)
    reports = [await stage.orchestrator.next(6) for _ in range(2)]
    codes = {report.attempt_id: report.error and report.error.code for report in reports}
    assert codes == {running.attempt_id: "timeout", queued.attempt_id: None}


async def test_a_cancelled_skill_that_runs_alone_is_stopped_and_taken_from_the_queue(stage: Stage) -> None:
    running = await stage.ask("spin", {}, noun="execution", seq=5)
    beside = await stage.ask("spin", {}, id=running.id, seq=5, timeout_s=2)
    await asyncio.sleep(1)
    whose = {"user": str(USER), "noun": "execution", "seq": 7}
    await stage.bus.tell(subjects.stop(running.id), dumps(whose))
    await stage.ask("echo", {"text": "alone"}, noun="execution", id=running.id, seq=6)
    reports = [await stage.orchestrator.next(6) for _ in range(2)]
    codes = {report.attempt_id: report.error and report.error.code for report in reports}
    assert codes == {running.attempt_id: "cancelled", beside.attempt_id: "timeout"}
    await stage.drained()
    assert stage.orchestrator.reports.empty()


async def test_a_retry_that_runs_before_its_cancel_is_heard_of_goes_on(stage: Stage) -> None:
    retried = await stage.ask("spin", {}, seq=8, timeout_s=2)
    before = await stage.ask("spin", {}, id=retried.id, seq=6, timeout_s=2)
    await asyncio.sleep(1)
    await stage.bus.tell(subjects.stop(retried.id), dumps({"user": str(USER), "seq": 7}))
    reports = [await stage.orchestrator.next(6) for _ in range(2)]
    codes = {report.attempt_id: report.error and report.error.code for report in reports}
    assert codes == {retried.attempt_id: "timeout", before.attempt_id: "cancelled"}


async def test_another_user_s_session_of_the_same_id_is_not_stopped(stage: Stage) -> None:
    work = await stage.ask("spin", {}, timeout_s=2)
    await asyncio.sleep(1)
    await stage.bus.tell(subjects.stop(work.id), dumps({"user": str(uuid4())}))
    report = await stage.orchestrator.next(4)
    assert report.error is not None
    assert report.error.code == "timeout"


async def test_a_provider_s_refusal_is_reported_retryable(stage: Stage) -> None:
    report = await stage.report("busy", {"contact": {"id": JANE, "name": "Jane Example"}}, timeout_s=1)
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


async def test_while_postgres_takes_no_changes_what_was_paid_for_waits_in_hand(stage: Stage) -> None:
    before = stage.calls()
    async with read_only(stage.database_url):
        work = await stage.ask("pitch", {"contact": {"id": JANE}}, user=uuid4())
        async with asyncio.timeout(20):
            while stage.calls() == before:
                await asyncio.sleep(0.1)
        await asyncio.sleep(ACK_WAIT_S + 1)
        assert (stage.calls(), stage.orchestrator.reports.qsize()) == (before + 1, 0)
    report = await stage.orchestrator.next(20)
    assert (report.attempt_id, report.error, stage.calls()) == (work.attempt_id, None, before + 1)
    assert is_sealed(report.output["text"])


async def test_a_runner_that_is_told_to_stop_ends_what_it_has_paid_for(stage: Stage, nats: Rig) -> None:
    bus = await Bus.connect(nats.url, name="skill-runner-2")
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def prepare(work: Work) -> Ready:
        return Ready(work, datetime.now(UTC), Progress())

    async def run(ready: Ready, _abort: Abort) -> Report:
        begun.set()
        await go_on.wait()
        told = about(ready.work)
        return Report(**told, output={"text": "paid"}, started_at=ready.started_at, duration_ms=1)

    handlers = Handlers(bus, SimpleNamespace(prepare=prepare, run=run), "runner-2", ACK_WAIT_S)
    loop = asyncio.create_task(Puller(bus, "WORK", "openai", handlers.work, in_flight=64, grace_s=5).run())
    works = [await stage.ask("draft", {"contact": {"id": JANE}}) for _ in range(8)]
    await asyncio.wait_for(begun.wait(), 10)
    loop.cancel()
    asyncio.get_running_loop().call_later(0.5, go_on.set)
    await asyncio.wait([loop])
    reports = [await stage.orchestrator.next() for _ in works]
    assert any(report.output == {"text": "paid"} for report in reports)
    await bus.close()


async def test_a_runner_that_is_stopped_during_a_call_reports_that_as_in_doubt_and_another_goes_on(
    stage: Stage, nats: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOTALAUD_GRACE_S", "0")
    bus = await Bus.connect(nats.url, name="skill-runner-2")
    before = stage.calls()
    async with wire(bus, stage.settings):
        works = [await stage.ask("pause", {"contact": {"id": JANE}}) for _ in range(8)]
        async with asyncio.timeout(20):
            while stage.calls() < before + len(works):
                await asyncio.sleep(0.02)
    reports = [await stage.orchestrator.next() for _ in works]
    assert {report.error and report.error.code for report in reports} == {None, "lost"}
    assert {call.outcome for report in reports if report.error for call in report.calls} == {"unanswered"}
    stage.orchestrator.verdicts = ["drop"]
    await bus.close()


async def test_a_runner_that_is_told_to_stop_says_that_it_called_nobody_where_its_claim_was_not_answered(
    stage: Stage, nats: Rig
) -> None:
    stage.orchestrator.verdicts = ["silence"]
    bus = await Bus.connect(nats.url, name="skill-runner-2")
    asking = asyncio.Event()

    async def prepare(work: Work) -> Ready:
        asking.set()
        return Ready(work, datetime.now(UTC), Progress())

    handlers = Handlers(bus, SimpleNamespace(prepare=prepare), "runner-2", ACK_WAIT_S)
    loop = asyncio.create_task(Puller(bus, "WORK", "openai", handlers.work, in_flight=64).run())
    for _ in range(8):
        await stage.ask("draft", {"contact": {"id": JANE}})
    await asyncio.wait_for(asking.wait(), 10)
    loop.cancel()
    await asyncio.wait([loop])
    report = await stage.orchestrator.next()
    assert (report.runner, report.unclaimed, report.usage) == ("runner-2", True, None)
    stage.orchestrator.verdicts = ["drop"]
    await bus.close()
