"""The steps of a session as rows."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from projector.changes import Row
from projector.row_ids import step_id
from shared.events import AttemptRequested, PlannedStep
from shared.usage import Cached

NEVER_RUN = (
    *("output", "started_at", "completed_at", "duration_ms", "error_code", "error_message", "warnings"),
    *("cached_from", "saved_usd", "saved_list_price_usd"),
)


@lru_cache(maxsize=10_000)
def step_row(session_id: UUID, user: UUID | None, number: int) -> Row:
    return Row("agent_session_steps", step_id(session_id, number), user)


def planned(plan: PlannedStep) -> dict[str, Any]:
    """Return a step that waits for its turn, templates unresolved; what it has cost so far is kept."""
    return dict.fromkeys(NEVER_RUN) | {
        "status": "pending",
        "description": plan.description,
        "input": plan.input,
        "step_id": plan.id,
        "agent_name": plan.agent,
        "cache_hit": False,
    }


def started(event: AttemptRequested, at: datetime | None) -> dict[str, Any]:
    """Return a step that runs, templates resolved; `at` is None when it is merely tried again.

    A request alone in its commit is the next try; one beside other events begins the step.
    """
    values = {
        "status": "running",
        "input": event.input,
        "attempts": event.attempt,
        "error_code": None,
        "error_message": None,
    }
    return values if at is None else values | {"started_at": at}


def saved(cached: Cached | None) -> dict[str, Any]:
    """Return the columns that tell where a result is from and what that saved; none of one that was run."""
    if cached is None:
        return {}
    return {
        "cache_hit": True,
        "cached_from": cached.from_attempt,
        "saved_usd": cached.saved_usd,
        "saved_list_price_usd": cached.saved_list_price_usd,
    }
