"""The ids of rows that no command names: a step, a pitch, a day of a metric, a limit, a call of a model."""

from datetime import date
from hashlib import sha1
from uuid import UUID, uuid5


def step_id(session_id: UUID, number: int) -> UUID:
    """Return `uuid5` of the session and `step/<number>`, for half of its price."""
    return UUID(bytes=sha1(session_id.bytes + b"step/%d" % number).digest()[:16], version=5)  # noqa: S324


def pitch_id(campaign_id: UUID, contact_id: UUID) -> UUID:
    return uuid5(campaign_id, str(contact_id))


def metric_day_id(artist_id: UUID, metric: str, day: date) -> UUID:
    return uuid5(artist_id, f"{metric}|{day.isoformat()}")


def budget_id(user: UUID, scope: str) -> UUID:
    return uuid5(user, f"budget/{scope}")


def model_call_id(attempt_id: UUID, item: int | None, number: int) -> UUID:
    return uuid5(attempt_id, f"call/{item}/{number}")
