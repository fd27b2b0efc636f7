"""A user's pitches with what became of them, read once and bounded; and what of it was known at a time.

Mature: sent longer ago than the horizon, answered or not. Rates are taken of mature pitches alone: were young
answers counted and young silences not, whatever was sent lately would look good. Bounced pitches and those
with no known time of sending never count.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from skill_runner.context import Context

HORIZON_DAYS = 21
HORIZON = timedelta(days=HORIZON_DAYS)
MOST = 20_000
DAY = 86_400.0
ANSWERS = ("replied_at", "positive_at", "placed_at", "declined_at")

LATEST = """
SELECT p.id, p.campaign_id, p.contact_id, p.sent_at, p.last_sent_at, p.sends, p.bounced_at,
       p.replied_at, p.positive_at, p.placed_at, p.declined_at, p.channel, p.template
FROM pitches p
WHERE p.user_id = :user AND p.sent_at <= :until
ORDER BY p.sent_at DESC, p.id
LIMIT :most
"""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Watched:
    """Pitches as survival sees them: days to the answer or days watched, and whether it was answered."""

    days: list[float]
    answered: list[bool]


def latest(context: Context, *, until: datetime) -> list[Row]:
    """Return the latest pitches sent by `until`, newest first, as they were known then; bounced ones stay."""
    return [known(row, until) for row in context.rows(LATEST, until=until, most=MOST)]


def known(row: Row, at: datetime) -> Row:
    """Forget what had not happened at that time."""
    later = [name for name in (*ANSWERS, "bounced_at") if row[name] and row[name] > at]
    return {**row, **dict.fromkeys(later)} if later else row


def delivered(rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["bounced_at"] is None]


def mature(rows: Iterable[Row], now: datetime) -> list[Row]:
    """Keep delivered pitches old enough that silence means no answer."""
    return [row for row in delivered(rows) if row["sent_at"] <= now - HORIZON]


def answered(row: Row) -> bool:
    return row["replied_at"] is not None


def watched(rows: Iterable[Row], now: datetime) -> Watched:
    """Turn delivered pitches into survival data; an answer dated before its sending came at once."""
    seen = delivered(rows)
    spans = (max((row["replied_at"] or now) - row["sent_at"], timedelta()) for row in seen)
    return Watched([span.total_seconds() / DAY for span in spans], [answered(row) for row in seen])


def bounded(pitches: int) -> list[str]:
    """Say so, when only the latest pitches were read."""
    return [f"the latest {MOST} pitches were looked at"] if pitches >= MOST else []
