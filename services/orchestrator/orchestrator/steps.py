"""What comes next for a step: an attempt, another one later, a person's word, or the end."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from orchestrator.session import Session
from orchestrator.templates import TemplateError, resolve
from shared.events import (
    AnyEvent,
    AttemptError,
    AttemptRequested,
    RetryScheduled,
    SessionFailed,
    SessionWaiting,
    StepFailed,
)

LONGEST_BACKOFF_S = 600.0
LOST = "lost"
Events = list[AnyEvent]


def request(id_: UUID, session: Session, number: int) -> Events:
    plan = session.step(number)
    try:
        resolved = resolve(plan.input, session.scope())
    except TemplateError as error:
        return give_up(number, "bad_template", f"{error.field}: {error.message}")
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


def after_failure(step: int, error: AttemptError, partial: Any, session: Session, now: datetime) -> Events:
    """Wait for a rival, try again later, or give up."""
    if not session.awaits(step) or session.open or session.retry_due is not None:
        return []
    plan = session.step(step)
    if error.code == LOST and plan.in_doubt == "ask":
        return [SessionWaiting(step=step, on="in_doubt")]
    if error.retryable and session.tries < plan.max_attempts:
        wait = min(plan.backoff_s * 2 ** min(session.tries - 1, 20), LONGEST_BACKOFF_S)
        return [RetryScheduled(step=step, due=now + timedelta(seconds=max(wait, error.retry_after_s or 0)))]
    return give_up(step, error.code, error.message, partial)


def give_up(step: int, code: str, message: str, partial: Any = None) -> Events:
    return [
        StepFailed(step=step, code=code, message=message, partial=partial),
        SessionFailed(step=step, code=code, message=message),
    ]
