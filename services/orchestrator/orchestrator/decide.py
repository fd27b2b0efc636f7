"""What happens next: one pure function from a command and a session to events. Every rule is here, once."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

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
from orchestrator.session import OpenAttempt, Session, evolve
from orchestrator.templates import TemplateError, resolve
from shared.events import (
    AnyEvent,
    AttemptError,
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
    StepFailed,
    StepHandedOff,
)
from shared.refusal import Refusal
from shared.work import Answer, Claim, Report

LONGEST_BACKOFF_S = 600.0
LOST = "lost"
Events = list[AnyEvent]


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
            return _set_budget(command, session)
        case ClaimAttempt(claim, lease_s):
            held = _unclaimed(claim, session)
            return [] if held is None else _start_attempt(held, claim, lease_s, session, now)
        case StopAttempt(claim):
            held = _unclaimed(claim, session)
            return [] if held is None else _stop_attempt(held, command, session)
        case ReportAttempt(report):
            return _report(report, session, now)
        case ExpireLease(attempt_id):
            held = session.open.get(attempt_id)
            if held is None or held.lease_until is None:
                return []
            lost = AttemptLost(step=held.asked.step, attempt_id=attempt_id)
            error = AttemptError(code=LOST, message="its skill-runner was not heard of again", retryable=True)
            return [lost, *_after_failure(held.asked.step, error, None, evolve(session, lost), now)]
        case WakeUp(id_):
            if session.retry_due is None or session.retry_due > now:
                return []
            return _request(id_, session, session.current)
        case Resume(id_):
            return _request(id_, session, session.current) if session.waiting_on == "budget" else []


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
        return [started, *handed, *_request(command.id, evolve(session, started), 1)]
    if session.fingerprint is not None and session.fingerprint != command.fingerprint:
        raise Refusal(
            "conflict",
            "session_id",
            "the id was used for another command: send a new id, or the same command",
        )
    return []


def _set_budget(command: SetSessionBudget, session: Session) -> Events:
    if command.command_id and command.command_id in session.commands:
        return []
    if not session.steps:
        raise Refusal("not_found", "session_id", "there is no such session")
    if session.budget == command.budget:
        return []
    return [SessionBudgetSet(budget=command.budget, command_id=command.command_id)]


def _unclaimed(claim: Claim, session: Session) -> OpenAttempt | None:
    held = session.open.get(claim.attempt_id)
    return held if held is not None and held.runner is None else None


def _start_attempt(
    held: OpenAttempt, claim: Claim, lease_s: float, session: Session, now: datetime
) -> Events:
    if session.budget is not None and not session.purse.has(claim.most_usd):
        stop = StopAttempt(claim, "session", session.purse, session.budget.policy)
        return _stop_attempt(held, stop, session)
    return [
        AttemptStarted(
            step=held.asked.step,
            attempt_id=claim.attempt_id,
            runner=claim.runner,
            lease_until=now + timedelta(seconds=lease_s),
            reserved_usd=claim.most_usd,
        )
    ]


def _stop_attempt(held: OpenAttempt, stop: StopAttempt, session: Session) -> Events:
    """Close an attempt that a limit forbids; its step fails, or waits for money."""
    limit, step, most = stop.purse.limit, held.asked.step, stop.claim.most_usd
    if limit is None:
        return []
    stopped = AttemptStopped(
        step=step,
        attempt_id=stop.claim.attempt_id,
        scope=stop.scope,
        limit_usd=limit,
        spent_usd=stop.purse.spent,
        reserved_usd=stop.purse.reserved,
        asked_usd=most,
    )
    after = evolve(session, stopped)
    if not after.awaits(step) or after.open:
        return [stopped]
    if stop.policy == "wait":
        return [stopped, SessionWaiting(step=step, on="budget")]
    if most is None:
        why = f"the model's price is not known, and the budget of the {stop.scope} allows no call without one"
        return [stopped, *_give_up(step, "unknown_price", why)]
    left = limit - stop.purse.spent - stop.purse.reserved
    why = f"the step may cost ${most}, the budget of the {stop.scope} has ${left} left of ${limit}: raise it"
    return [stopped, *_give_up(step, "budget_exceeded", f"{why} ('totalaud budget set') and retry")]


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
    return [retried, *_request(command.id, evolve(session, retried), command.from_step)]


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
        ModelCalled(step=report.step, attempt_id=report.attempt_id, **dict(call)) for call in report.calls
    ]


def _outcome(report: Report, session: Session, now: datetime) -> Events:
    kept = {"partial": report.partial, "items": report.items}
    first_failure = report.error is not None and report.attempt_id in session.open
    if not session.awaits(report.step) or (report.error is not None and not first_failure):
        return [AttemptReportedLate(**_facts(report), **kept, output=report.output, error=report.error)]
    if report.error is not None:
        failed = AttemptFailed(**_facts(report), **kept, error=report.error)
        after = evolve(session, failed)
        return [failed, *_after_failure(report.step, report.error, report.partial, after, now)]
    ended = StepCompleted(
        **_facts(report), output=report.output, cache_key=report.cache_key, cached=report.cached
    )
    after = evolve(session, ended)
    rivals: Events = [AttemptWithdrawn(step=report.step, attempt_id=rival) for rival in after.open]
    for rival in rivals:
        after = evolve(after, rival)
    if after.current > len(after.steps):
        return [ended, *rivals, SessionCompleted()]
    return [ended, *rivals, *_request(report.id, after, after.current)]


def _is_unclaimed(attempt_id: UUID, session: Session) -> bool:
    """Whether nobody can be paying for the attempt, so that a result from the cache may end it."""
    held = session.open.get(attempt_id)
    return held is not None and held.runner is None


def _after_failure(step: int, error: AttemptError, partial: Any, session: Session, now: datetime) -> Events:
    """Wait for a rival, try again later, or give up."""
    if not session.awaits(step) or session.open or session.retry_due is not None:
        return []
    plan = session.step(step)
    if error.code == LOST and plan.in_doubt == "ask":
        return [SessionWaiting(step=step, on="in_doubt")]
    if error.retryable and session.tries < plan.max_attempts:
        wait = min(plan.backoff_s * 2 ** min(session.tries - 1, 20), LONGEST_BACKOFF_S)
        return [RetryScheduled(step=step, due=now + timedelta(seconds=max(wait, error.retry_after_s or 0)))]
    return _give_up(step, error.code, error.message, partial)


def _give_up(step: int, code: str, message: str, partial: Any = None) -> Events:
    return [
        StepFailed(step=step, code=code, message=message, partial=partial),
        SessionFailed(step=step, code=code, message=message),
    ]


def _request(id_: UUID, session: Session, number: int) -> Events:
    plan = session.step(number)
    try:
        resolved = resolve(plan.input, session.scope())
    except TemplateError as error:
        return _give_up(number, "bad_template", f"{error.field}: {error.message}")
    attempt = session.attempts.get(number, 0) + 1
    return [
        AttemptRequested(
            step=number,
            attempt=attempt,
            attempt_id=uuid5(id_, f"{number}/{attempt}"),
            skill=plan.skill,
            skill_hash=plan.skill_hash,
            pool=plan.pool,
            input=resolved,
            timeout_s=plan.timeout_s,
            fresh=plan.fresh,
        )
    ]


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
