"""The life of a session, folded from its events: no clock, no I/O, no logging.

A stand-alone skill is a session of one step without an agent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import reduce
from types import MappingProxyType
from typing import Any, Literal, TypeVar
from uuid import UUID

from orchestrator.kept import Kept, more
from orchestrator.money import NOTHING, Purse
from shared.events import (
    AnyEvent,
    AttemptFailed,
    AttemptLost,
    AttemptReportedLate,
    AttemptRequested,
    AttemptStarted,
    AttemptStopped,
    AttemptWithdrawn,
    Budget,
    PlannedStep,
    RetryScheduled,
    SessionBudgetSet,
    SessionCancelled,
    SessionCompleted,
    SessionFailed,
    SessionRefused,
    SessionRetried,
    SessionStarted,
    SessionWaiting,
    StepCompleted,
    StepFailed,
)
from shared.work import Done

Status = Literal["new", "refused", "running", "completed", "failed", "cancelled"]
Scope = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An attempt that somebody may be running; the rest is set once a runner claimed it."""

    asked: AttemptRequested
    runner: str | None = None
    lease_until: datetime | None = None
    reserved: Decimal = NOTHING


@dataclass(frozen=True, slots=True)
class Session:
    """What later decisions need to know.

    `tries` counts the failed attempts at the current step since it was last started or retried; `attempts`
    counts all that were ever requested, by step. `outputs` holds those of the completed steps, by number.
    `unreported` are paid attempts that were given up and may still be heard of, `doubtful` what they may have
    cost; `spent` is what reports told. `kept` holds what of a step is paid for, by its number; `stopped` is
    what a limit stopped while the session waits.
    """

    status: Status = "new"
    fingerprint: str | None = None
    agent: str | None = None
    steps: tuple[PlannedStep, ...] = ()
    input: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[int, Any] = field(default_factory=dict)
    open: Mapping[UUID, OpenAttempt] = field(default_factory=dict)
    known: frozenset[UUID] = frozenset()
    reported: frozenset[UUID] = frozenset()
    unreported: Mapping[UUID, AttemptRequested] = field(default_factory=dict)
    kept: Mapping[int, Kept] = field(default_factory=dict)
    attempts: Mapping[int, int] = field(default_factory=dict)
    tries: int = 0
    retry_due: datetime | None = None
    failed_step: int | None = None
    commands: frozenset[str] = frozenset()
    budget: Budget | None = None
    spent: Decimal = NOTHING
    doubtful: Mapping[UUID, Decimal] = field(default_factory=dict)
    waiting_on: Literal["budget", "in_doubt"] | None = None
    stopped: AttemptStopped | None = None

    def may_have_called(self, attempt_id: UUID) -> bool:
        """Whether a runner was told to run the attempt, once."""
        held = self.open.get(attempt_id)
        claimed = held is not None and held.runner is not None
        return claimed or attempt_id in self.doubtful or attempt_id in self.reported

    @property
    def purse(self) -> Purse:
        """What the session's own limit leaves."""
        return Purse(
            self.budget.limit_usd if self.budget else None,
            self.spent + sum(self.doubtful.values(), NOTHING),
            sum((attempt.reserved for attempt in self.open.values()), NOTHING),
        )

    @property
    def current(self) -> int:
        """The number of the step that is not completed yet; one more than the last when all are."""
        return len(self.outputs) + 1

    @property
    def ended(self) -> bool:
        return self.status in ("refused", "completed", "failed", "cancelled")

    def step(self, number: int) -> PlannedStep:
        return self.steps[number - 1]

    def awaits(self, step: int) -> bool:
        """Whether a success of this step would still be its first."""
        return self.status == "running" and step == self.current

    def scope(self) -> Scope:
        """What templates can see: `input`, and each output as `stepN` and by the step's id."""
        scope: dict[str, Any] = {"input": dict(self.input)}
        for number, output in self.outputs.items():
            scope[f"step{number}"] = output
            if (name := self.step(number).id) is not None:
                scope[name] = output
        return scope


@dataclass(frozen=True, slots=True)
class Timer:
    """Something to decide at `at`: a retry (`attempt_id` None) or the end of an attempt's lease."""

    at: datetime
    attempt_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Outstanding:
    """What the session is waiting for."""

    work: tuple[AttemptRequested, ...] = ()
    timers: tuple[Timer, ...] = ()


def outstanding(session: Session) -> Outstanding:
    """Tell what must be somewhere in the queue or on a clock for the session to go on."""
    leases = [
        Timer(attempt.lease_until, attempt_id)
        for attempt_id, attempt in session.open.items()
        if attempt.lease_until is not None
    ]
    retry = [Timer(session.retry_due)] if session.retry_due is not None else []
    return Outstanding(tuple(attempt.asked for attempt in session.open.values()), tuple(leases + retry))


def done(session: Session, asked: AttemptRequested) -> Done | None:
    """Tell what of an attempt's work is in the log already."""
    kept = session.kept.get(asked.step)
    return kept.done(asked) if kept else None


def fold(events: Iterable[AnyEvent], session: Session | None = None) -> Session:
    return reduce(evolve, events, session or Session())


def evolve(session: Session, event: AnyEvent) -> Session:
    """Take in what happened. Never refuses, never decides."""
    match event:
        case SessionStarted():
            return replace(
                session,
                status="running",
                agent=event.agent,
                steps=event.steps,
                input=MappingProxyType(event.input),
                fingerprint=event.fingerprint,
                budget=event.budget,
            )
        case SessionRefused():
            return replace(session, status="refused", agent=event.agent, fingerprint=event.fingerprint)
        case AttemptRequested():
            return replace(
                session,
                open={**session.open, event.attempt_id: OpenAttempt(event)},
                known=session.known | {event.attempt_id},
                attempts={**session.attempts, event.step: event.attempt},
                retry_due=None,
                waiting_on=None,
                stopped=None,
            )
        case AttemptStarted():
            asked = session.open[event.attempt_id].asked
            claimed = OpenAttempt(asked, event.runner, event.lease_until, event.reserved_usd or NOTHING)
            return replace(session, open={**session.open, event.attempt_id: claimed})
        case AttemptStopped():
            return replace(_close(session, event.attempt_id), stopped=event)
        case SessionWaiting():
            return replace(session, waiting_on=event.on)
        case SessionBudgetSet():
            return replace(session, budget=event.budget, commands=_with(session, event.command_id))
        case AttemptLost():
            return replace(_give_up(session, event.attempt_id), tries=session.tries + 1)
        case AttemptWithdrawn():
            return _give_up(session, event.attempt_id)
        case AttemptFailed():
            return replace(_report(_keep(session, event), event), tries=session.tries + 1)
        case RetryScheduled():
            return replace(session, retry_due=event.due)
        case StepCompleted():
            outputs = {**session.outputs, event.step: event.output}
            kept = {step: one for step, one in session.kept.items() if step != event.step}
            return replace(
                _report(session, event),
                outputs=outputs,
                kept=kept,
                tries=0,
                retry_due=None,
                waiting_on=None,
                stopped=None,
            )
        case AttemptReportedLate():
            return _report(_keep(session, event), event)
        case StepFailed():
            return replace(session, failed_step=event.step)
        case SessionCompleted():
            return replace(session, status="completed")
        case SessionFailed():
            return replace(session, status="failed", retry_due=None)
        case SessionCancelled():
            return replace(
                session,
                status="cancelled",
                open={},
                doubtful=_doubt(session, session.open),
                unreported=_with_open(session, session.open),
                retry_due=None,
                waiting_on=None,
                commands=_with(session, event.command_id),
            )
        case SessionRetried():
            kept = {number: output for number, output in session.outputs.items() if number < event.from_step}
            return replace(
                session,
                status="running",
                steps=session.steps[: event.from_step - 1] + event.steps,
                outputs=kept,
                tries=0,
                failed_step=None,
                waiting_on=None,
                commands=_with(session, event.command_id),
            )
        case _:
            return session


def _close(session: Session, attempt_id: UUID) -> Session:
    """The attempt is awaited no more; what it may cost is in doubt until somebody reports on it."""
    left = _without(session.open, attempt_id)
    return replace(session, open=left, doubtful=_doubt(session, [attempt_id]))


def _report(session: Session, event: StepCompleted | AttemptFailed | AttemptReportedLate) -> Session:
    id_ = event.attempt_id
    after = replace(
        _close(session, id_),
        reported=session.reported | {id_},
        spent=session.spent + (event.usage.at_most_usd if event.usage else NOTHING),
    )
    if id_ in after.doubtful:
        after = replace(after, doubtful=_without(after.doubtful, id_))
    return replace(after, unreported=_without(after.unreported, id_)) if id_ in after.unreported else after


def _give_up(session: Session, attempt_id: UUID) -> Session:
    return replace(_close(session, attempt_id), unreported=_with_open(session, [attempt_id]))


def _doubt(session: Session, attempts: Iterable[UUID]) -> Mapping[UUID, Decimal]:
    closing = {key: session.open[key] for key in attempts if key in session.open}
    claimed = {key: one.reserved for key, one in closing.items() if one.runner}
    return {**session.doubtful, **claimed} if claimed else session.doubtful


def _with_open(session: Session, attempts: Iterable[UUID]) -> Mapping[UUID, AttemptRequested]:
    given_up = {key: session.open[key].asked for key in attempts if key in session.open}
    paid = {key: asked for key, asked in given_up.items() if asked.pool != "custom"}
    return {**session.unreported, **paid} if paid else session.unreported


def _keep(session: Session, event: AttemptFailed | AttemptReportedLate) -> Session:
    """Remember what was finished of a step that is not completed."""
    held = session.open.get(event.attempt_id)
    asked = held.asked if held else session.unreported.get(event.attempt_id)
    if asked is None or event.step in session.outputs:
        return session
    kept = more(session.kept.get(event.step), asked, event)
    return replace(session, kept={**session.kept, event.step: kept}) if kept else session


def _without(entries: Mapping[UUID, T], key: UUID) -> Mapping[UUID, T]:
    return {name: entry for name, entry in entries.items() if name != key}


def _with(session: Session, command_id: str | None) -> frozenset[str]:
    return session.commands | {command_id} if command_id else session.commands
