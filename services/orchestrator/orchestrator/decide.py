"""What happens next: one pure function from a command and a session to a decision. Every rule is once.

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
    DeferAttempt,
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
from orchestrator.decision import Decision
from orchestrator.repeated import check_same
from orchestrator.session import Session
from orchestrator.spending import set_budget, start_attempt, stop_attempt
from orchestrator.steps import after_failure, give_up, is_still_asked, request
from shared.events import (
    AnyEvent,
    AttemptDeferred,
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
from shared.subjects import Aggregate
from shared.work import LOST, Answer, Claim, Deferral, Report


def decide(command: Command, session: Session, now: datetime, subject: str) -> Decision:
    """Answer a command with what happens; a late or repeated one changes nothing. Raises Refusal.

    `subject` is the session's own.
    """
    match command:
        case Start():
            return _start(command, session, subject)
        case Refuse():
            return _refuse(command, session)
        case Cancel():
            return _cancel(command, session, subject)
        case Retry():
            return _retry(command, session, subject)
        case SetSessionBudget():
            return set_budget(command, session)
        case ClaimAttempt(claim, lease_s):
            held = session.unclaimed(claim.attempt_id)
            return Decision(session) if held is None else start_attempt(held, claim, lease_s, session, now)
        case DeferAttempt():
            return _defer(command.deferral, session)
        case StopAttempt(claim):
            held = session.unclaimed(claim.attempt_id)
            return Decision(session) if held is None else stop_attempt(held, command, session)
        case ReportAttempt():
            return _report(command, session, now, subject)
        case ExpireLease(attempt_id):
            return _expire(attempt_id, session, now)
        case WakeUp(due):
            at = session.retry_due
            is_due = at is not None and (at == due or at <= now)
            return request(subject, Decision(session), session.current) if is_due else Decision(session)
        case Resume():
            waits = session.waiting_on == "budget"
            return request(subject, Decision(session), session.current) if waits else Decision(session)


def answer(session: Session, claim: Claim, lease_s: float) -> Answer:
    """Tell a runner what to do with the attempt that it wants to start."""
    held = session.open.get(claim.attempt_id)
    if held is None:
        return Answer(verdict="drop", lease_s=lease_s)
    return Answer(verdict="run" if held.runner == claim.runner else "later", lease_s=lease_s)


def _start(command: Start, session: Session, subject: str) -> Decision:
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
        return request(subject, Decision(session).then(started, *handed), 1)
    check_same(session.fingerprint, command.fingerprint, f"{Aggregate.parse(subject).noun}_id")
    return Decision(session)


def _refuse(command: Refuse, session: Session) -> Decision:
    if session.status != "new":
        return Decision(session)
    why = command.refusal
    return Decision(session).then(
        SessionRefused(
            agent=command.agent,
            code=why.code,
            field=why.field,
            message=why.message,
            fingerprint=command.fingerprint,
        )
    )


def _cancel(command: Cancel, session: Session, subject: str) -> Decision:
    done = session.did(SessionCancelled, command.command_id, command.fingerprint)
    if done or session.status == "cancelled":
        return Decision(session)
    if session.ended:
        noun = Aggregate.parse(subject).noun
        told = f"the {noun} is {session.status}, there is nothing to cancel"
        raise Refusal("already_ended", f"{noun}_id", told)
    return Decision(session).then(
        SessionCancelled(
            reason=command.reason, command_id=command.command_id, fingerprint=command.fingerprint
        )
    )


def check_retry(
    session: Session, from_step: int | None, command_id: str | None, fingerprint: str | None
) -> int | None:
    """Return the step that a retry starts from; None when this very command was done already."""
    if session.did(SessionRetried, command_id, fingerprint):
        return None
    last = session.current
    match session.status:
        case "new":
            raise Refusal("not_found", "session_id", "there is no such session")
        case "cancelled" | "refused" if not session.steps:
            raise Refusal("not_retryable", "session_id", "the session never started: run it anew")
        case "running" if session.waiting_on is not None:
            pass
        case "failed" | "cancelled":
            pass
        case _:
            raise Refusal(
                "not_retryable",
                "session_id",
                f"the session is {session.status}: only one that failed, was cancelled or waits is retried",
            )
    if from_step is not None and from_step > last:
        earlier = " or earlier" if last > 1 else ""
        raise Refusal(
            "invalid", "from_step", f"step {last} is not completed: retry from step {last}{earlier}"
        )
    return from_step or last


def _retry(command: Retry, session: Session, subject: str) -> Decision:
    if check_retry(session, command.from_step, command.command_id, command.fingerprint) is None:
        return Decision(session)
    retried = SessionRetried(
        from_step=command.from_step,
        steps=command.steps,
        command_id=command.command_id,
        fingerprint=command.fingerprint,
    )
    return request(subject, Decision(session).then(retried), command.from_step)


def _defer(deferral: Deferral, session: Session) -> Decision:
    held = session.unclaimed(deferral.attempt_id)
    if held is None or held.deferred:
        return Decision(session)
    return Decision(session).then(
        AttemptDeferred(
            step=held.asked.step,
            attempt_id=deferral.attempt_id,
            code=deferral.code,
            message=deferral.message,
        )
    )


def _expire(attempt_id: UUID, session: Session, now: datetime) -> Decision:
    held = session.open.get(attempt_id)
    if held is None or held.lease_until is None:
        return Decision(session)
    step = held.asked.step
    lost = Decision(session).then(AttemptLost(step=step, attempt_id=attempt_id))
    error = AttemptError(code=LOST, message="its skill-runner was not heard of again", retryable=True)
    return after_failure(lost, step, error, None, now)


def _report(command: ReportAttempt, session: Session, now: datetime, subject: str) -> Decision:
    report = command.report
    if report.attempt_id in session.reported:
        return Decision(session)
    if report.attempt_id not in session.known:
        raise Refusal("unknown_attempt", "attempt_id", "nobody asked for this attempt")
    if not report.claimed and not _may_end(report, session):
        return Decision(session)
    return _outcome(command, Decision(session).then(*_calls(report)), now, subject)


def _calls(report: Report) -> list[AnyEvent]:
    return [
        ModelCalled(step=report.step, attempt_id=report.attempt_id, **asdict(call)) for call in report.calls
    ]


def _outcome(command: ReportAttempt, decision: Decision, now: datetime, subject: str) -> Decision:
    report, session = command.report, decision.session
    kept = {"partial": report.partial, "items": report.items}
    counts = session.awaits(report.step) and (
        is_still_asked(session, report.attempt_id)
        if report.error is None
        else report.attempt_id in session.open
    )
    if not counts:
        late = AttemptReportedLate(**_facts(report), **kept, output=report.output, error=report.error)
        return decision.then(late)
    if report.error is not None:
        failed = decision.then(AttemptFailed(**_facts(report), **kept, error=report.error))
        return after_failure(failed, report.step, report.error, report.partial, now)
    ended = decision.then(
        StepCompleted(
            **_facts(report), output=report.output, cache_key=report.cache_key, cached=report.cached
        )
    )
    rivals = [AttemptWithdrawn(step=report.step, attempt_id=rival) for rival in ended.session.open]
    after = ended.then(*rivals)
    if after.session.current > len(after.session.steps):
        return after.then(SessionCompleted())
    if command.no_room is not None:
        return give_up(after, after.session.current, "input_too_large", command.no_room)
    return request(subject, after, after.session.current)


def _may_end(report: Report, session: Session) -> bool:
    """Whether somebody who has called nobody may end the attempt: nobody has claimed it, or he alone."""
    if report.runner is not None:
        return session.runner_of(report.attempt_id) == report.runner
    return session.unclaimed(report.attempt_id) is not None


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
