"""What happens next: one pure function from a command and a session to events. Every rule is once.

What follows for a step is in `steps`, what may be paid in `spending`.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec.structs import asdict

from orchestrator.asked import (
    Cancel,
    ClaimAttempt,
    Command,
    ExpireLease,
    Refuse,
    ReportAttempt,
    Resume,
    Retry,
    SetSessionBudget,
    Start,
    StopAttempt,
    WakeUp,
)
from orchestrator.evolve import evolve
from orchestrator.session import OpenAttempt, Session
from orchestrator.spending import set_budget, start_attempt, stop_attempt
from orchestrator.steps import LOST, Events, after_failure, request
from shared.events import (
    AttemptError,
    AttemptFailed,
    AttemptLost,
    AttemptReportedLate,
    AttemptWithdrawn,
    ModelCalled,
    SessionCancelled,
    SessionCompleted,
    SessionRefused,
    SessionRetried,
    SessionStarted,
    StepCompleted,
    StepHandedOff,
)
from shared.refusal import Refusal
from shared.work import Answer, Claim, Report


def decide(command: Command, session: Session, now: datetime) -> Events:
    """Answer a command with what happens; a late or repeated one changes nothing. Raises Refusal."""
    match command:
        case Start():
            return _start(command, session)
        case Refuse(agent, refusal, fingerprint):
            if session.status != "new":
                return []
            why = (refusal.code, refusal.field, refusal.message)
            return [
                SessionRefused(
                    agent=agent, code=why[0], field=why[1], message=why[2], fingerprint=fingerprint
                )
            ]
        case Cancel():
            return _cancel(command, session)
        case Retry():
            return _retry(command, session)
        case SetSessionBudget():
            return set_budget(command, session)
        case ClaimAttempt(claim, lease_s):
            held = _unclaimed(claim, session)
            return [] if held is None else start_attempt(held, claim, lease_s, session, now)
        case StopAttempt(claim):
            held = _unclaimed(claim, session)
            return [] if held is None else stop_attempt(held, command, session)
        case ReportAttempt(report):
            return _report(report, session, now)
        case ExpireLease(attempt_id):
            held = session.open.get(attempt_id)
            if held is None or held.lease_until is None:
                return []
            lost = AttemptLost(step=held.asked.step, attempt_id=attempt_id)
            error = AttemptError(code=LOST, message="its skill-runner was not heard of again", retryable=True)
            return [lost, *after_failure(held.asked.step, error, None, evolve(session, lost), now)]
        case WakeUp(id_):
            if session.retry_due is None or session.retry_due > now:
                return []
            return request(id_, session, session.current)
        case Resume(id_):
            return request(id_, session, session.current) if session.waiting_on == "budget" else []


def answer(session: Session, claim: Claim, lease_s: float) -> Answer:
    """Tell a runner what to do with the attempt that it wants to start."""
    held = session.open.get(claim.attempt_id)
    if held is None:
        return Answer(verdict="drop", lease_s=lease_s)
    return Answer(verdict="run" if held.runner == claim.runner else "later", lease_s=lease_s)


def _start(command: Start, session: Session) -> Events:
    if session.status == "new":
        started = SessionStarted(
            agent=command.agent,
            steps=command.steps,
            input=command.input,
            fingerprint=command.fingerprint,
            beside_session=command.beside_session,
            budget=command.budget,
        )
        handed = [
            StepHandedOff(step=step.number, from_agent=command.agent, to_agent=step.agent)
            for step in command.steps
            if command.agent and step.agent and step.agent != command.agent
        ]
        return [started, *handed, *request(command.id, evolve(session, started), 1)]
    if session.fingerprint is not None and session.fingerprint != command.fingerprint:
        raise Refusal(
            "conflict",
            "session_id",
            "the id was used for another command: send a new id, or the same command",
        )
    return []


def _unclaimed(claim: Claim, session: Session) -> OpenAttempt | None:
    held = session.open.get(claim.attempt_id)
    return held if held is not None and held.runner is None else None


def _cancel(command: Cancel, session: Session) -> Events:
    if session.status == "cancelled" or (command.command_id and command.command_id in session.commands):
        return []
    if session.ended:
        raise Refusal(
            "already_ended", "session_id", f"the session is {session.status}, there is nothing to cancel"
        )
    return [SessionCancelled(reason=command.reason, command_id=command.command_id)]


def check_retry(session: Session, from_step: int | None, command_id: str | None) -> int | None:
    """Return the step that a retry starts from; None when this very command was done already."""
    if command_id and command_id in session.commands:
        return None
    match session.status:
        case "running" if session.waiting_on is not None:
            last = session.current
        case "failed" | "cancelled" if session.steps:
            last = session.failed_step or min(session.current, len(session.steps))
        case "new":
            raise Refusal("not_found", "session_id", "there is no such session")
        case "failed" | "cancelled" | "refused":
            raise Refusal("not_retryable", "session_id", "the session never started: run it anew")
        case _:
            raise Refusal(
                "not_retryable",
                "session_id",
                f"the session is {session.status}: only one that failed, was cancelled or waits is retried",
            )
    if from_step is not None and from_step > last:
        raise Refusal("invalid", "from_step", f"step {last} is not completed: retry from {last} or earlier")
    return from_step or last


def _retry(command: Retry, session: Session) -> Events:
    if check_retry(session, command.from_step, command.command_id) is None:
        return []
    retried = SessionRetried(from_step=command.from_step, steps=command.steps, command_id=command.command_id)
    return [retried, *request(command.id, evolve(session, retried), command.from_step)]


def _report(report: Report, session: Session, now: datetime) -> Events:
    if report.attempt_id in session.reported:
        return []
    if report.attempt_id not in session.known:
        raise Refusal("unknown_attempt", "attempt_id", "nobody asked for this attempt")
    if report.cached is not None and not _is_unclaimed(report.attempt_id, session):
        return []
    return [*_calls(report), *_outcome(report, session, now)]


def _calls(report: Report) -> Events:
    return [
        ModelCalled(step=report.step, attempt_id=report.attempt_id, **asdict(call)) for call in report.calls
    ]


def _outcome(report: Report, session: Session, now: datetime) -> Events:
    kept = {"partial": report.partial, "items": report.items}
    first_failure = report.error is not None and report.attempt_id in session.open
    if not session.awaits(report.step) or (report.error is not None and not first_failure):
        return [AttemptReportedLate(**_facts(report), **kept, output=report.output, error=report.error)]
    if report.error is not None:
        failed = AttemptFailed(**_facts(report), **kept, error=report.error)
        after = evolve(session, failed)
        return [failed, *after_failure(report.step, report.error, report.partial, after, now)]
    ended = StepCompleted(
        **_facts(report), output=report.output, cache_key=report.cache_key, cached=report.cached
    )
    after = evolve(session, ended)
    rivals: Events = [AttemptWithdrawn(step=report.step, attempt_id=rival) for rival in after.open]
    for rival in rivals:
        after = evolve(after, rival)
    if after.current > len(after.steps):
        return [ended, *rivals, SessionCompleted()]
    return [ended, *rivals, *request(report.id, after, after.current)]


def _is_unclaimed(attempt_id: UUID, session: Session) -> bool:
    """Whether nobody can be paying for the attempt, so that a result from the cache may end it."""
    held = session.open.get(attempt_id)
    return held is not None and held.runner is None


def _facts(report: Report) -> dict[str, Any]:
    """Return what every event about a report repeats of it."""
    return {
        "step": report.step,
        "attempt_id": report.attempt_id,
        "usage": report.usage,
        "started_at": report.started_at,
        "duration_ms": report.duration_ms,
        "warnings": report.warnings,
    }
