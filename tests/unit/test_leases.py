"""A lease ends when its runner is silent, not while nobody could hear; a claim sets money aside once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs
from nats.errors import NoRespondersError

from orchestrator.doors import Doors
from orchestrator.queued import queued_report
from orchestrator.sweep import Sweep
from shared.delivery import Delivery, Poison, server_of
from shared.events import (
    AttemptError,
    AttemptFailed,
    AttemptLost,
    AttemptRequested,
    RetryScheduled,
    SessionFailed,
    StepCompleted,
)
from shared.json import dumps, loads
from shared.ledger_events import MoneyReleased, MoneyReserved, MoneySettled
from shared.log import Behind
from shared.refusal import Refusal
from shared.subjects import late, ledger, session, stop
from shared.usage import Cached
from shared.work import Claim, Report, Work
from sim.bus import Said, SimBus
from sim.chance import CALM, Chance, Faults
from sim.loop import VirtualLoop
from sim.process import Process
from sim.processes import EPOCH, World, doors_of
from sim.pull import Token
from sim.run import USER
from sim.silence import silenced
from skill_runner.reporting import about, deliver

ID = UUID(int=1)
LEASE_S = 6.0
FREE = Decimal(0)


@dataclass
class Scene:
    """One paid attempt that runner-1 asks for."""

    world: World
    doors: Doors
    work: Work

    async def claim(self) -> None:
        assert await self.ask() == "run"

    async def ask(self, most_usd: Decimal = FREE) -> str:
        claim = Claim(**about(self.work), runner="runner-1", most_usd=most_usd)
        return (await self.answer(self.doors.reports.claim, claim.to_json()))["verdict"]

    async def booked(self) -> list[type]:
        """What has happened in the user's ledger."""
        past = await self.doors.commands.log.load(ledger(USER))
        return [type(event) for event in past.events]

    def beat(self) -> None:
        self.doors.commands.follow.beat(self.work.attempt_id)

    async def answer(self, handle: Callable[[Any], Awaitable[None]], body: bytes) -> Any:
        """Have the orchestrator hear this as from a runner; return what it answers."""
        process, answers = self.doors.bus.process, list[bytes]()
        await handle(Said(process, f"report.{self.work.attempt_id}", body, {}, answers.append))
        (answer,) = answers
        return loads(answer)

    def claimed(self) -> bytes:
        return Claim(**about(self.work), runner="runner-1").to_json()

    def report(self, cached: Cached | None = None, *, text: str = "", seq: int = 1) -> bytes:
        report = Report(
            **{**about(self.work), "seq": seq},
            output={"n": 2, "text": text},
            started_at=EPOCH,
            duration_ms=1,
            cached=cached,
            cache_key="key",
        )
        return report.to_json()

    def never_told(self) -> bytes:
        error = AttemptError(code="cancelled", message="no model was asked", retryable=False)
        end = {"error": error, "started_at": EPOCH, "duration_ms": 0}
        return Report(**about(self.work), **end, unclaimed=True, runner="runner-1").to_json()

    def queue_report(self, cached: Cached | None = None, *, text: str = "") -> None:
        self.world.server.store(late(self.work.attempt_id), self.report(cached, text=text), {})

    async def refuse_report(self) -> None:
        """Hear of a report that the log may not hold, as of any message of the queue."""
        with pytest.raises(Poison, match="unstorable"):
            await self.doors.queued(self.delivery(self.report(text="\0")))

    def delivery(self, body: bytes) -> Delivery:
        token = Token(self.doors.bus, self.world.server.durables["orchestrator"], 1, 1)
        return Delivery(late(self.work.attempt_id), body, {}, 1, 1, token, server_of(token._client))

    async def has(self, kind: type) -> bool:
        return bool(await self.all_of(kind))

    async def all_of(self, kind: type[Any]) -> list[Any]:
        past = await self.doors.commands.log.load(session(USER, ID))
        return [event for event in past.events if isinstance(event, kind)]


def played(story: Callable[[Scene], Awaitable[None]], skill: str = "buy") -> None:
    async def live() -> None:
        world = World(0, ack_wait_s=LEASE_S)
        doors = doors_of(world, SimBus(world.server, Process("orchestrator", Chance(0))))
        steps = [{"skill": skill, "input": {"n": 1}}]
        body = dumps({"session_id": str(ID), "agent": "sim-agent", "steps": steps})
        await doors.ask(f"ask.{USER}.session.run", body, {})
        work = Work.from_json(world.server.streams["WORK"].messages[0].body)
        await story(Scene(world, doors, work))

    with silenced():
        VirtualLoop().run(live())


def test_it_ends_within_a_second_when_nothing_was_heard():
    async def story(scene: Scene) -> None:
        await scene.claim()
        await asyncio.sleep(LEASE_S - 0.1)
        assert not await scene.has(AttemptLost)
        await asyncio.sleep(1.1)
        assert await scene.has(AttemptLost)

    played(story)


def test_it_ends_in_time_although_the_clock_is_put_back():
    async def story(scene: Scene) -> None:
        await scene.claim()
        scene.world.put_back(timedelta(hours=1))
        await asyncio.sleep(LEASE_S + 1)
        assert await scene.has(AttemptLost)

    played(story)


def test_the_retry_comes_in_time_although_the_clock_is_put_back_and_the_sweep_looks():
    async def story(scene: Scene) -> None:
        await scene.claim()
        while not (retries := await scene.all_of(RetryScheduled)):
            await asyncio.sleep(0.1)
        wait_s = (retries[0].due - scene.world.now()).total_seconds()
        scene.world.put_back(timedelta(days=2))
        await scene.doors.commands.follow.outstanding(session(USER, ID))
        await asyncio.sleep(wait_s + 1)
        assert len(await scene.all_of(AttemptRequested)) == 2

    played(story)


def test_a_report_in_the_queue_is_recorded_in_its_stead():
    async def story(scene: Scene) -> None:
        await scene.claim()
        scene.queue_report()
        await asyncio.sleep(LEASE_S + 1)
        assert await scene.has(StepCompleted)
        assert not await scene.has(AttemptLost)

    played(story)


@pytest.mark.parametrize("another", [{"unclaimed": True}, {"cached": Cached(from_attempt=ID)}], ids=list)
def test_whoever_had_not_claimed_it_hides_no_report_of_who_had(another: dict[str, Any]):
    async def story(scene: Scene) -> None:
        await scene.claim()
        paid = Report.from_json(scene.report())
        for report in (paid, structs.replace(paid, **another)):
            await deliver(scene.doors.bus, report)
        await asyncio.sleep(LEASE_S + 1)
        assert await scene.has(StepCompleted)
        assert not await scene.has(AttemptLost)

    played(story)


@pytest.mark.parametrize("skill", ["add", "buy"])
def test_whoever_has_not_run_it_ends_it_only_after_a_report_in_the_queue(skill: str):
    async def story(scene: Scene) -> None:
        scene.queue_report()
        error = AttemptError(code="runner_lost", message="none reported", retryable=True)
        lost = structs.replace(Report.from_json(scene.report()), output=None, error=error, unclaimed=True)
        await scene.answer(scene.doors.reports.report, lost.to_json())
        assert await scene.has(StepCompleted)
        assert not await scene.has(AttemptFailed)

    played(story, skill)


def test_one_that_no_commit_can_hold_is_recorded_without_its_output():
    async def story(scene: Scene) -> None:
        await scene.claim()
        scene.queue_report(text="x" * 10_000)
        scene.doors.bus.max_payload = 8_000  # type: ignore[misc]
        await asyncio.sleep(LEASE_S + 1)
        assert await scene.has(AttemptFailed)
        assert not await scene.has(AttemptLost)

    played(story)


def test_one_that_the_log_may_not_hold_is_not_recorded_by_the_way():
    async def story(scene: Scene) -> None:
        await scene.claim()
        scene.queue_report(text="\0")
        await asyncio.sleep(LEASE_S + 1)
        assert await scene.has(AttemptLost)
        assert not await scene.has(StepCompleted)

    played(story)


def test_one_that_tells_of_another_attempt_keeps_no_lease():
    async def story(scene: Scene) -> None:
        await scene.claim()
        other = scene.report().replace(str(scene.work.attempt_id).encode(), str(ID).encode())
        scene.world.server.store(late(scene.work.attempt_id), other, {})
        await asyncio.sleep(LEASE_S + 1)
        assert await scene.has(AttemptLost)

    played(story)


def test_an_attempt_whose_report_is_refused_fails():
    async def story(scene: Scene) -> None:
        await scene.refuse_report()
        (failed,) = await scene.all_of(AttemptFailed)
        assert failed.error.message.endswith("is refused: the text holds a NUL character")
        assert await scene.has(SessionFailed)

    played(story, "add")


def test_a_refused_report_of_a_paid_attempt_leaves_its_cost_in_doubt():
    async def story(scene: Scene) -> None:
        assert await scene.ask(Decimal("0.02")) == "run"
        await scene.refuse_report()
        assert not await scene.has(AttemptFailed)
        await asyncio.sleep(LEASE_S + 1)
        assert await scene.has(AttemptLost)
        assert await scene.booked() == [MoneyReserved, MoneySettled]
        await scene.doors.reports.late(scene.delivery(scene.report()))
        assert await scene.has(StepCompleted)

    played(story)


def test_a_report_is_answered_once_it_is_in_the_log_and_what_it_did_not_cost_is_free_again():
    async def story(scene: Scene) -> None:
        await scene.ask(Decimal("0.02"))
        answer = await scene.answer(scene.doors.reports.report, scene.report())
        seq = (await scene.doors.commands.log.load(session(USER, ID))).seq
        assert answer == {"ok": True, "seq": seq}
        assert await scene.booked() == [MoneyReserved, MoneyReleased]

    played(story)


def test_no_lease_is_kept_of_an_attempt_that_is_over():
    async def story(scene: Scene) -> None:
        await scene.claim()
        follow = scene.doors.commands.follow
        assert follow._timers.is_set(scene.work.attempt_id)
        await scene.answer(scene.doors.reports.report, scene.report())
        assert (follow._timers.is_set(scene.work.attempt_id), follow._leases) == (False, {})

    played(story)


def test_a_report_that_the_log_may_not_hold_is_answered_with_why():
    async def story(scene: Scene) -> None:
        answer = await scene.answer(scene.doors.reports.report, scene.report(text="\0"))
        assert answer["error"]["code"] == "unstorable"

    played(story)


def test_a_queued_report_is_acked_once_what_it_did_not_cost_is_free_again():
    async def story(scene: Scene) -> None:
        await scene.ask(Decimal("0.02"))
        acked: list[list[type]] = []

        async def ack() -> None:
            acked.append(await scene.booked())

        queued: Any = SimpleNamespace(body=scene.report(), subject=late(scene.work.attempt_id), ack=ack)
        await scene.doors.reports.late(queued)
        assert acked == [[MoneyReserved, MoneyReleased]]

    played(story)


def test_a_queued_report_is_found_though_the_copy_that_is_read_is_behind():
    async def story(scene: Scene) -> None:
        server, attempt_id = scene.world.server, scene.work.attempt_id
        bus: Any = SimBus(server, Process("orchestrator", Chance(0)))
        assert await queued_report(bus, attempt_id) is None
        server.store(late(attempt_id), scene.report(), {})
        server.chance.faults = Faults(behind=1.0)
        found = await queued_report(bus, attempt_id)
        assert found
        assert found.attempt_id == attempt_id
        assert server.chance.struck["behind"] > 1

    played(story)


@pytest.mark.parametrize("text", ["", "\0"])
def test_a_queued_report_on_work_that_the_log_has_not_heard_of_yet_is_no_poison(text: str):
    async def story(scene: Scene) -> None:
        await scene.claim()
        with pytest.raises(Refusal, match="ask again"):
            await scene.doors.reports.late(scene.delivery(scene.report(text=text, seq=99)))

    played(story)


@pytest.mark.parametrize("of", ["nothing", "no attempt", "another attempt"])
def test_a_queued_report_that_tells_of_no_attempt_is_poison_and_ends_none(of: str):
    async def story(scene: Scene) -> None:
        another = scene.report(text="\0").replace(str(scene.work.attempt_id).encode(), str(ID).encode())
        body = {"nothing": b"no JSON", "no attempt": b"{}"}.get(of, another)
        with pytest.raises(Poison):
            await scene.doors.reports.late(scene.delivery(body))
        assert not await scene.has(AttemptFailed)

    played(story)


def test_a_queued_report_that_could_not_be_recorded_in_time_is_recorded_later():
    async def story(scene: Scene) -> None:
        await scene.claim()
        sessions, tries = scene.doors.reports.sessions, iter([Refusal("unavailable", None, "ask again")])

        async def decide(*given: Any, **named: Any) -> Any:
            for refusal in tries:
                raise refusal
            return await sessions.decide(*given, **named)

        slow: Any = SimpleNamespace(decide=decide)
        reports = replace(scene.doors.reports, sessions=slow)
        with pytest.raises(Refusal, match="ask again"):
            await reports.late(scene.delivery(scene.report()))
        assert not await scene.has(AttemptFailed)
        await reports.late(scene.delivery(scene.report()))
        assert await scene.has(StepCompleted)

    played(story, "add")


@pytest.mark.parametrize("away", [TimeoutError, NoRespondersError, Behind])
def test_while_it_cannot_be_seen_who_waits_for_money_the_sweep_is_wanted(away: type[Exception]):
    async def resume_one(user: UUID) -> None:
        raise away

    async def story(scene: Scene) -> None:
        await scene.claim()
        claims: Any = SimpleNamespace(resume_one=resume_one)
        reports = replace(scene.doors.reports, claims=claims)
        follow = scene.doors.commands.follow
        before = follow.sweep_wanted.is_set()
        assert (await scene.answer(reports.report, scene.report()))["ok"]
        assert (before, follow.sweep_wanted.is_set()) == (False, True)

    played(story)


def test_while_nothing_can_be_settled_the_sweep_is_wanted():
    async def unsettled(*_: Any) -> bool:
        return False

    async def story(scene: Scene) -> None:
        await scene.ask(Decimal("0.02"))
        follow = scene.doors.commands.follow
        follow.settling = SimpleNamespace(follow=unsettled)  # type: ignore[assignment]
        before = follow.sweep_wanted.is_set()
        assert (await scene.answer(scene.doors.reports.report, scene.report()))["ok"]
        assert (before, follow.sweep_wanted.is_set()) == (False, True)

    played(story)


def test_a_heartbeat_is_told_to_go_on_until_nobody_waits_for_its_attempt():
    async def story(scene: Scene) -> None:
        await scene.claim()
        beat = scene.doors.reports.beat
        assert await scene.answer(beat, scene.claimed()) == {"verdict": "run", "lease_s": LEASE_S}
        await scene.doors.ask(f"ask.{USER}.session.cancel", dumps({"session_id": str(ID)}), {})
        assert (await scene.answer(beat, scene.claimed()))["verdict"] == "abort"

    played(story)


def test_a_heartbeat_is_told_to_stop_though_another_orchestrator_has_cancelled():
    async def story(scene: Scene) -> None:
        await scene.claim()
        other = doors_of(scene.world, SimBus(scene.world.server, Process("another", Chance(0))))
        await other.ask(f"ask.{USER}.session.cancel", dumps({"session_id": str(ID)}), {})
        assert (await scene.answer(scene.doors.reports.beat, scene.claimed()))["verdict"] == "abort"

    played(story)


def test_a_heartbeat_on_work_that_the_log_has_not_heard_of_yet_is_told_nothing():
    async def story(scene: Scene) -> None:
        await scene.claim()
        ahead = Claim(**{**about(scene.work), "attempt_id": ID, "seq": 99}, runner="runner-1")
        with pytest.raises(Refusal, match="ask again"):
            await scene.answer(scene.doors.reports.beat, ahead.to_json())

    played(story)


def test_every_orchestrator_that_hears_a_heartbeat_keeps_the_lease():
    async def story(scene: Scene) -> None:
        await scene.claim()
        await asyncio.sleep(LEASE_S - 1)
        heard: Any = SimpleNamespace(body=scene.claimed())
        await scene.doors.reports.hear_beat(heard)
        await asyncio.sleep(LEASE_S - 1)
        assert not await scene.has(AttemptLost)

    played(story)


def test_a_result_from_the_cache_in_the_queue_keeps_no_lease_of_an_attempt_that_somebody_pays_for():
    async def story(scene: Scene) -> None:
        await scene.claim()
        scene.queue_report(Cached(from_attempt=UUID(int=2)))
        await asyncio.sleep(LEASE_S + 1)
        assert await scene.has(AttemptLost)

    played(story)


def test_who_beat_while_the_orchestrator_stood_still_has_not_lost_it():
    async def story(scene: Scene) -> None:
        await scene.claim()
        loop = asyncio.get_running_loop()
        loop.now += 2 * LEASE_S  # type: ignore[attr-defined]
        loop.call_later(0.01, scene.beat)
        await asyncio.sleep(1)
        assert not await scene.has(AttemptLost)

    played(story)


def test_it_runs_anew_once_the_bus_is_back():
    async def story(scene: Scene) -> None:
        await scene.claim()
        follow = scene.doors.commands.follow
        nowhere: Any = None
        sweep = Sweep(follow._bus, follow, scene.doors.reports.claims, follow.settling, nowhere)
        await asyncio.sleep(LEASE_S - 1)
        await sweep._reconnected()
        await asyncio.sleep(LEASE_S - 0.1)
        assert not await scene.has(AttemptLost)
        await asyncio.sleep(1.1)
        assert await scene.has(AttemptLost)

    played(story)


def test_a_sweep_gives_a_silent_runner_no_more_time():
    async def story(scene: Scene) -> None:
        await scene.claim()
        await asyncio.sleep(LEASE_S - 0.1)
        await scene.doors.commands.follow.outstanding(session(USER, ID))
        await asyncio.sleep(1.1)
        assert await scene.has(AttemptLost)

    played(story)


def test_it_runs_from_the_moment_that_it_is_in_the_log():
    async def story(scene: Scene) -> None:
        scene.world.chance.faults = Faults(lost_ack=1)
        await scene.claim()
        scene.world.chance.faults = CALM
        await asyncio.sleep(LEASE_S - 0.1)
        assert not await scene.has(AttemptLost)

    played(story)


def test_money_is_set_aside_for_what_may_cost_some_only():
    async def story(scene: Scene) -> None:
        await scene.claim()
        assert await scene.booked() == []

    played(story)


def test_money_is_set_aside_once_however_often_the_runner_asks():
    async def story(scene: Scene) -> None:
        assert [await scene.ask(Decimal("0.01")) for _ in range(2)] == ["run", "run"]
        assert await scene.booked() == [MoneyReserved]

    played(story)


def test_a_claim_and_what_follows_it_say_whose_attempt_it_is():
    async def story(scene: Scene) -> None:
        await scene.ask(Decimal("0.01"))
        log = scene.doors.commands.log
        for whose in (session(USER, ID), ledger(USER)):
            last = (await log.load(whose)).recorded[-1].commit
            assert last.causation_id == str(scene.work.attempt_id)
        await asyncio.sleep(2 * LEASE_S)
        ends = [one.commit.causation_id for one in (await log.load(session(USER, ID))).recorded[-2:]]
        assert ends == [str(scene.work.attempt_id), "timer"]

    played(story)


def test_no_money_is_set_aside_for_an_attempt_that_nobody_waits_for():
    async def story(scene: Scene) -> None:
        cancel = dumps({"session_id": str(ID)})
        await scene.doors.ask(f"ask.{USER}.session.cancel", cancel, {})
        assert await scene.ask(Decimal("0.01")) == "drop"
        assert await scene.booked() == []

    played(story)


@pytest.mark.parametrize(
    ("after_s", "booked"),
    [(0, [MoneyReserved, MoneyReleased]), (LEASE_S + 1, [MoneyReserved, MoneySettled, MoneySettled])],
    ids=["soon", "once it is lost"],
)
def test_money_for_an_attempt_is_free_again_where_its_runner_never_heard_that_it_may_run(
    after_s: float, booked: list[type]
):
    async def story(scene: Scene) -> None:
        assert await scene.ask(Decimal("0.01")) == "run"
        await asyncio.sleep(after_s)
        await scene.doors.ask(f"ask.{USER}.session.cancel", dumps({"session_id": str(ID)}), {})
        await scene.answer(scene.doors.reports.report, scene.never_told())
        assert await scene.booked() == booked
        account = (await scene.doors.commands.budgets.get(USER))["user"]
        assert (Decimal(account["spent_usd"]), Decimal(account["reserved_usd"])) == (0, 0)

    played(story)


@pytest.mark.parametrize("by", ["a cancel", "a late report on another attempt"])
def test_runners_are_told_at_once_whose_work_is_to_stop(by: str):
    async def story(scene: Scene) -> None:
        told: list[Any] = []

        async def hear(said: Said) -> None:
            told.append((said.subject, loads(said.body)))

        await scene.doors.bus.listen(stop("*"), hear)
        await scene.claim()
        if by == "a cancel":
            cancel = dumps({"session_id": str(ID)})
            answer = loads(await scene.doors.ask(f"ask.{USER}.session.cancel", cancel, {}))
            which = {"seq": answer["seq"]}
        else:
            await asyncio.sleep(2 * LEASE_S)
            again = Work.from_json(scene.world.server.streams["WORK"].messages[-1].body)
            await scene.answer(scene.doors.reports.report, scene.report())
            which = {"attempts": [str(again.attempt_id)]}
        await asyncio.sleep(0.1)
        assert told == [(stop(ID), {"user": str(USER), "noun": "session", **which})]

    played(story)
