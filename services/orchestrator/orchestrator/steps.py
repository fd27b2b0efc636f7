"""What comes next for a step: an attempt, another one later, a person's word, or the end."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from orchestrator.decision import Decision
from orchestrator.session import OUTAGES, Session
from orchestrator.template_paths import TemplateError, TooMuchError, resolve
from shared.events import (
    LONGEST_PATIENCE_S,
    AttemptError,
    AttemptRequested,
    PlannedStep,
    RetryScheduled,
    SessionFailed,
    SessionWaiting,
    StepFailed,
)
from shared.work import LOST

LONGEST_BACKOFF_S = 600.0
MORE_TRIES = 6
ATTEMPTS = UUID("6f0d7a52-3c1e-4b8e-9d4a-71c2e5b0a9f6")


def attempt_id(subject: str, step: int, attempt: int) -> UUID:
    """Name an attempt by the subject of its session: nobody else's has the id, whatever ids they choose."""
    return uuid5(ATTEMPTS, f"{subject}/{step}/{attempt}")


def request(subject: str, decision: Decision, number: int) -> Decision:
    session = decision.session
    plan = session.step(number)
    try:
        resolved = resolve(plan.input, session.scope())
    except TemplateError as error:
        code = "input_too_large" if isinstance(error, TooMuchError) else "bad_template"
        return give_up(decision, number, code, f"{error.field}: {error.message}")
    attempt = session.attempts.get(number, 0) + 1
    return decision.then(
        AttemptRequested(
            step=number,
            attempt=attempt,
            attempt_id=attempt_id(subject, number, attempt),
            skill=plan.skill,
            skill_hash=plan.skill_hash,
            pool=plan.pool,
            input=resolved,
            timeout_s=plan.timeout_s,
            fresh=plan.fresh,
        )
    )


def is_still_asked(session: Session, attempt_id: UUID) -> bool:
    """Whether a success of this attempt answers what its step, the current one, asks now.

    A retry may have changed that, while the runner of an attempt that was given up did not hear of it.
    """
    if attempt_id in session.open:
        return True
    asked = session.unreported.get(attempt_id)
    if asked is None:
        return False
    plan = session.step(asked.step)
    return (asked.skill_hash, asked.input) == (plan.skill_hash, resolve(plan.input, session.scope()))


def after_failure(
    decision: Decision, step: int, error: AttemptError, partial: Any, now: datetime
) -> Decision:
    """Wait for a rival, try again later, or give up."""
    session = decision.session
    if not session.awaits(step) or session.open or session.retry_due is not None:
        return decision
    plan = session.step(step)
    if error.code == LOST and plan.in_doubt == "ask":
        if session.alone:
            return give_up(
                decision, step, LOST, f"{error.message}, and may have paid: run it anew if you wish"
            )
        return decision.then(SessionWaiting(step=step, on="in_doubt"))
    if error.retryable and _may_try_again(session, plan, error):
        wait = min(plan.backoff_s * 2 ** min(session.tries - 1, 20), LONGEST_BACKOFF_S)
        asked = min(error.retry_after_s or 0, LONGEST_PATIENCE_S)
        due = now + timedelta(seconds=max(wait, asked))
        return decision.then(RetryScheduled(step=step, due=due))
    return give_up(decision, step, error.code, error.message, partial)


def _may_try_again(session: Session, plan: PlannedStep, error: AttemptError) -> bool:
    """Be patient for minutes with what is no fault of the step, unless it is to be attempted once.

    Each of the two is counted apart: who has waited for long loses no try by it.
    """
    if plan.max_attempts == 1:
        return False
    if error.code in OUTAGES:
        return session.outages < plan.max_attempts + MORE_TRIES
    return session.tries - session.outages < plan.max_attempts


def give_up(decision: Decision, step: int, code: str, message: str, partial: Any = None) -> Decision:
    return decision.then(
        StepFailed(step=step, code=code, message=message, partial=partial),
        SessionFailed(step=step, code=code, message=message),
    )
