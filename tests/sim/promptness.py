"""What takes its time: nothing begins before it may, and in a calm run nothing waits longer than it must."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, time
from uuid import UUID

from orchestrator.evolve import evolve
from orchestrator.ledger import Ledger, fold
from orchestrator.session import Session
from shared.events import (
    AttemptDeferred,
    AttemptFailed,
    AttemptLost,
    AttemptReportedLate,
    AttemptRequested,
    AttemptStarted,
    AttemptStopped,
    AttemptWithdrawn,
    RetryScheduled,
    SessionCancelled,
    SessionRetried,
    StepCompleted,
)
from shared.ledger_events import MoneyReleased, MoneyReserved
from shared.subjects import Aggregate
from sim.run import HARMLESS, Run
from sim.streams import Stored, aggregate_of

MOMENT_S, SWEPT_S = 1.0, 62.0


def untimely(run: Run) -> Iterator[str]:
    """Name what came too early or too late."""
    yield from _unclaimed_calls(run)
    if not run.world.skew_s:
        for stored in run.world.server.streams["EVT"].by_subject.values():
            yield from _early(stored)
    yield from _lost_late(run)
    if run.is_calm:
        yield from (f"{what} took {took:.1f} s" for took, what in run.waits if took > MOMENT_S)
        for subject, stored in run.world.server.streams["EVT"].by_subject.items():
            if aggregate_of(subject).noun != "ledger":
                yield from _slow(stored)
        yield from _kept_waiting(run)
        yield from _called_after_the_end(run)


def _unclaimed_calls(run: Run) -> Iterator[str]:
    """Before a call its attempt is the caller's, and its money set aside."""
    claimed: dict[UUID, tuple[float, str]] = {}
    reserved: dict[UUID, float] = {}
    released: dict[UUID, float] = {}
    for one in run.world.server.streams["EVT"].messages:
        for event in one.commit.events:
            match event:
                case AttemptStarted():
                    claimed[event.attempt_id] = one.at, event.runner
                case MoneyReserved():
                    reserved[event.attempt_id] = one.at
                case MoneyReleased():
                    released[event.attempt_id] = one.at
                case _:
                    pass
    for call in run.world.bill.calls:
        at, runner = claimed.get(call.attempt, (call.at, ""))
        if runner != call.runner or at > call.at:
            yield "a call was made by somebody who had not claimed its attempt"
        if not reserved.get(call.attempt, call.at) < call.at <= released.get(call.attempt, call.at):
            yield "a call was made for which no money was set aside"


def _early(stored: list[Stored]) -> Iterator[str]:
    """A step is tried again when that is due, and no sooner than its provider asks."""
    due: datetime | None = None
    for one in stored:
        failed = next((event for event in one.commit.events if type(event) is AttemptFailed), None)
        for event in one.commit.events:
            match event:
                case RetryScheduled():
                    due = event.due
                    asked_s = failed.error.retry_after_s if failed else None
                    if asked_s and (due - one.commit.at).total_seconds() < asked_s:
                        yield "a step is tried again sooner than its provider asks"
                case AttemptRequested() if due is not None:
                    if one.commit.at < due:
                        yield "a step was tried again before that was due"
                    due = None
                case SessionRetried() | StepCompleted():
                    due = None
                case _:
                    pass


def _lost_late(run: Run) -> Iterator[str]:
    """Where nobody but runners dies, their attempts are lost within a lease and a second."""
    server = run.world.server
    struck = set(server.chance.struck) - HARMLESS - {"crash"}
    died = {one.name: one.died_at for one in run.world.processes if one.died_at is not None}
    if struck or server.starts > 1 or server.elected_at or any(one.startswith("orch") for one in died):
        return
    claimed: dict[UUID, str] = {}
    for one in server.streams["EVT"].messages:
        for event in one.commit.events:
            match event:
                case AttemptStarted():
                    claimed[event.attempt_id] = event.runner
                case AttemptLost():
                    silent_s = one.at - died.get(claimed[event.attempt_id], one.at)
                    if silent_s > server.ack_wait_s + MOMENT_S:
                        yield f"an attempt was lost {silent_s:.1f} s after its runner"
                case _:
                    pass


def _slow(stored: list[Stored]) -> Iterator[str]:
    """Each attempt is taken up, and each report and retry follows, within a moment."""
    since: dict[UUID, float] = {}
    due: datetime | None = None
    for one in stored:
        for event in one.commit.events:
            match event:
                case AttemptRequested():
                    if due is not None and (late := (one.commit.at - due).total_seconds()) > MOMENT_S:
                        yield f"a step was tried again {late:.1f} s late"
                    since[event.attempt_id], due = one.at, None
                case AttemptStarted() | AttemptDeferred() if event.attempt_id in since:
                    if (took := one.at - since.pop(event.attempt_id)) > MOMENT_S:
                        yield f"an attempt was taken up after {took:.1f} s"
                    if type(event) is AttemptStarted:
                        since[event.attempt_id] = one.at
                case StepCompleted() | AttemptFailed() | AttemptReportedLate() if event.attempt_id in since:
                    took = one.at - since.pop(event.attempt_id) - event.duration_ms / 1000
                    if took > MOMENT_S:
                        yield f"an attempt was reported after {took:.1f} s"
                case AttemptStopped() | AttemptLost() | AttemptWithdrawn():
                    since.pop(event.attempt_id, None)
                case RetryScheduled():
                    due = event.due
                case SessionCancelled() | SessionRetried() | StepCompleted():
                    due = None
                case _:
                    pass


def _kept_waiting(run: Run) -> Iterator[str]:
    """A session that waits for money goes on within a minute of when there is enough, as at midnight."""
    ledgers: dict[str, Ledger] = defaultdict(Ledger)
    sessions: dict[str, Session] = defaultdict(Session)
    enough: dict[str, float] = {}
    before_s = 0.0

    def look(at: float, now: datetime) -> Iterator[str]:
        for subject, state in sessions.items():
            since = enough.get(subject, at)
            if at - since > SWEPT_S:
                yield "a session waited for money that was there"
            if state.waiting_on == "budget" and _has_enough(aggregate_of(subject), state, ledgers, now):
                enough[subject] = since
            else:
                enough.pop(subject, None)

    for one in run.world.server.streams["EVT"].messages:
        now = one.commit.at
        midnight_s = one.at - (now - datetime.combine(now, time(), UTC)).total_seconds()
        if before_s < midnight_s:
            yield from look(midnight_s, now)
        aggregate = aggregate_of(one.subject)
        if aggregate.noun == "ledger":
            ledgers[one.subject] = fold(one.commit.events, ledgers[one.subject])
        else:
            for event in one.commit.events:
                sessions[one.subject] = evolve(sessions[one.subject], event)
        yield from look(one.at, now)
        before_s = one.at


def _has_enough(aggregate: Aggregate, state: Session, ledgers: dict[str, Ledger], now: datetime) -> bool:
    stopped = state.stopped
    if stopped is None or stopped.scope == "session":
        return stopped is not None and state.purse.has(stopped.asked_usd)
    known = ledgers[Aggregate(aggregate.user, "ledger", str(aggregate.user)).subject]
    return known.purse(stopped.scope, now.date()).has(stopped.asked_usd)


def _called_after_the_end(run: Run) -> Iterator[str]:
    """Nobody is asked for a session any more that is cancelled."""
    ended: dict[UUID, float] = {}
    for stored in run.world.server.streams["EVT"].by_subject.values():
        asked: set[UUID] = set()
        for one in stored:
            for event in one.commit.events:
                if type(event) is AttemptRequested:
                    asked.add(event.attempt_id)
                elif type(event) is SessionCancelled:
                    ended |= dict.fromkeys(asked - ended.keys(), one.at)
    yield from (
        "a call was made for a session that was cancelled"
        for call in run.world.bill.calls
        if call.at > ended.get(call.attempt, call.at) + MOMENT_S / 10
    )
