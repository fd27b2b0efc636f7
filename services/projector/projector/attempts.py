"""What an attempt's events change: its execution's row, and what it used, wherever that is summed up."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from projector.changes import EXECUTIONS, SESSIONS, STEPS, Alter, Change, step_row_id
from shared.events import (
    AnyEvent,
    AttemptError,
    AttemptFailed,
    AttemptLost,
    AttemptReportedLate,
    AttemptStarted,
    AttemptWithdrawn,
    StepCompleted,
)
from shared.subjects import Aggregate
from shared.usage import Usage

Result = StepCompleted | AttemptFailed | AttemptReportedLate


def changes(aggregate: Aggregate, event: AnyEvent, at: datetime) -> Iterator[Change]:
    """Return what an event of an attempt that was requested before changes."""
    session = UUID(aggregate.id) if aggregate.noun == "session" else None
    match event:
        case AttemptStarted():
            yield Alter(EXECUTIONS, event.attempt_id, {"runner": event.runner})
        case AttemptLost():
            yield _unanswered(event.attempt_id, "lost", "its skill-runner was not heard of again", at)
        case AttemptWithdrawn():
            yield _unanswered(event.attempt_id, "withdrawn", "another attempt was faster", at)
        case StepCompleted():
            yield from _result(session, event, None, event.output, at)
            if session is not None:
                done = {
                    "status": "completed",
                    "output": event.output,
                    "completed_at": at,
                    "duration_ms": event.duration_ms,
                    "error_code": None,
                    "error_message": None,
                    "warnings": list(event.warnings) or None,
                }
                yield Alter(STEPS, step_row_id(session, event.step), done)
                yield Alter(SESSIONS, session, {"current_step": event.step, "waiting_on": None})
        case AttemptFailed():
            yield from _result(session, event, event.error, event.partial, at)
            if session is not None:
                why = {"error_code": event.error.code, "error_message": event.error.message}
                yield Alter(STEPS, step_row_id(session, event.step), why)
        case AttemptReportedLate():
            yield from _result(session, event, event.error, event.output, at)
        case _:
            raise ValueError(f"{event.type} is no event of a {aggregate.noun}")


def _result(
    session: UUID | None, event: Result, error: AttemptError | None, output: Any, at: datetime
) -> Iterator[Change]:
    usage = event.usage
    values = {
        "output": output,
        "status": "success" if error is None else "error",
        "error_code": error.code if error else None,
        "error_message": error.message if error else None,
        "partial": error is not None and output is not None,
        "duration_ms": event.duration_ms,
        "started_at": event.started_at,
        "completed_at": at,
        "warnings": list(event.warnings) or None,
        **_used(usage),
    }
    yield Alter(EXECUTIONS, event.attempt_id, values)
    if session is not None and usage is not None:
        amounts = {
            "tokens_used": usage.tokens,
            "cost_usd": usage.cost_usd or 0,
            "list_price_usd": usage.list_price_usd or 0,
        }
        simulated = {"simulated": True} if usage.simulated else {}
        yield Alter(STEPS, step_row_id(session, event.step), simulated, amounts)
        unpriced = {"unpriced_calls": 1} if usage.cost_usd is None else {}
        yield Alter(SESSIONS, session, simulated, amounts | unpriced)


def _used(usage: Usage | None) -> dict[str, Any]:
    if usage is None:
        return {"tokens_used": 0, "cost_usd": 0}
    return {
        "tokens_used": usage.tokens,
        "cost_usd": usage.cost_usd,
        "provider": usage.provider,
        "model": usage.model,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cached_tokens": usage.cached_tokens,
        "list_price_usd": usage.list_price_usd,
        "price_version": usage.price_version,
        "simulated": usage.simulated,
    }


def _unanswered(attempt_id: UUID, code: str, message: str, at: datetime) -> Alter:
    why = {"status": "error", "error_code": code, "error_message": message, "completed_at": at}
    return Alter(EXECUTIONS, attempt_id, why)
