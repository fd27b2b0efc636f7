"""The life of a session, folded from its events: no clock, no I/O, no logging."""

from collections.abc import Iterable, Mapping
from functools import reduce
from types import MappingProxyType
from typing import TypeVar
from uuid import UUID

from msgspec.structs import replace

from orchestrator.kept import more
from orchestrator.money import NOTHING
from orchestrator.session import OUTAGES, OpenAttempt, Session
from shared.events import (
    AnyEvent,
    AttemptDeferred,
    AttemptFailed,
    AttemptLost,
    AttemptReportedLate,
    AttemptRequested,
    AttemptStarted,
    AttemptStopped,
    AttemptWithdrawn,
    ModelCalled,
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
    StepHandedOff,
)

K = TypeVar("K")
T = TypeVar("T")


def fold(events: Iterable[AnyEvent], session: Session | None = None) -> Session:
    return reduce(evolve, events, session or Session())


def evolve(session: Session, event: AnyEvent) -> Session:
    """Take in what happened, the usual first. Never refuses, never decides."""
    match event:
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
        case StepCompleted():
            return replace(
                _report(session, event),
                outputs={**session.outputs, event.step: event.output},
                kept=without(session.kept, event.step),
                tries=0,
                outages=0,
                retry_due=None,
                waiting_on=None,
                stopped=None,
            )
        case AttemptStarted():
            asked = session.open[event.attempt_id].asked
            claimed = OpenAttempt(asked, event.runner, event.lease_until, event.reserved_usd or NOTHING)
            return replace(session, open={**session.open, event.attempt_id: claimed})
        case AttemptDeferred():
            waiting = replace(session.open[event.attempt_id], deferred=True)
            return replace(session, open={**session.open, event.attempt_id: waiting})
        case ModelCalled() | StepHandedOff():
            return session
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
        case SessionCompleted():
            return replace(session, status="completed")
        case AttemptFailed():
            return replace(
                _report(_keep(session, event), event),
                tries=session.tries + 1,
                outages=session.outages + (event.error.code in OUTAGES),
            )
        case RetryScheduled():
            return replace(session, retry_due=event.due)
        case SessionFailed():
            return replace(session, status="failed", retry_due=None)
        case AttemptLost():
            return replace(_give_up(session, event.attempt_id), tries=session.tries + 1)
        case AttemptWithdrawn():
            return _give_up(session, event.attempt_id)
        case AttemptReportedLate():
            return _report(_keep(session, event), event)
        case SessionCancelled():
            return replace(
                session,
                status="cancelled",
                open={},
                doubtful=_doubt(session, session.open),
                unreported=_with_open(session, session.open),
                retry_due=None,
                waiting_on=None,
                commands=_with(session, event),
            )
        case SessionRetried():
            before = {step: output for step, output in session.outputs.items() if step < event.from_step}
            return replace(
                session,
                status="running",
                steps=session.steps[: event.from_step - 1] + event.steps,
                outputs=before,
                tries=0,
                outages=0,
                waiting_on=None,
                commands=_with(session, event),
            )
        case AttemptStopped():
            return replace(_close(session, event.attempt_id), stopped=event)
        case SessionWaiting():
            return replace(session, waiting_on=event.on)
        case SessionBudgetSet():
            return replace(session, budget=event.budget, commands=_with(session, event))
        case SessionRefused():
            return replace(session, status="refused", agent=event.agent, fingerprint=event.fingerprint)
        case _:
            return session


def _close(session: Session, attempt_id: UUID) -> Session:
    """The attempt is awaited no more; what it may cost is in doubt until somebody reports on it."""
    left = without(session.open, attempt_id)
    return replace(session, open=left, doubtful=_doubt(session, [attempt_id]))


def _report(session: Session, event: StepCompleted | AttemptFailed | AttemptReportedLate) -> Session:
    id_ = event.attempt_id
    return replace(
        session,
        open=without(session.open, id_),
        reported=session.reported | {id_},
        spent=session.spent + (event.usage.at_most_usd if event.usage else NOTHING),
        doubtful=without(session.doubtful, id_),
        unreported=without(session.unreported, id_),
    )


def _give_up(session: Session, attempt_id: UUID) -> Session:
    return replace(_close(session, attempt_id), unreported=_with_open(session, [attempt_id]))


def _doubt(session: Session, attempts: Iterable[UUID]) -> Mapping[UUID, OpenAttempt]:
    closing = {key: session.open[key] for key in attempts if key in session.open}
    claimed = {key: one for key, one in closing.items() if one.runner}
    return {**session.doubtful, **claimed} if claimed else session.doubtful


def _with_open(session: Session, attempts: Iterable[UUID]) -> Mapping[UUID, AttemptRequested]:
    given_up = {key: session.open[key].asked for key in attempts if key in session.open}
    return {**session.unreported, **given_up} if given_up else session.unreported


def _keep(session: Session, event: AttemptFailed | AttemptReportedLate) -> Session:
    """Remember what was finished of a step that is not completed."""
    held = session.open.get(event.attempt_id)
    asked = held.asked if held else session.unreported.get(event.attempt_id)
    if asked is None or event.step in session.outputs:
        return session
    kept = more(session.kept.get(event.step), asked, event)
    return replace(session, kept={**session.kept, event.step: kept}) if kept else session


def without(entries: Mapping[K, T], key: K) -> Mapping[K, T]:
    """Return the entries but this one; the same where it is not among them."""
    left = dict(entries) if entries else {}
    left.pop(key, None)
    return left if len(left) < len(entries) else entries


def _with(
    session: Session, event: SessionCancelled | SessionRetried | SessionBudgetSet
) -> Mapping[tuple[str, str], str | None]:
    if not event.command_id:
        return session.commands
    return {**session.commands, (event.type, event.command_id): event.fingerprint}
