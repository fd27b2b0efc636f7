"""What became of one contact in one campaign, told from all that was recorded between them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

Record = Mapping[str, Any]


def pitch(rows: Iterable[Record]) -> dict[str, Any] | None:
    """Fold rows of `outreach` into the columns of a pitch; None when nothing is left that happened.

    The same rows in any order give the same pitch: only `at` counts, and `id` where it is the same.
    `spreading.REFOLD` says this in SQL.
    """
    happened = sorted((row for row in rows if not row["corrected"]), key=_when)
    if not happened:
        return None
    sent = [row for row in happened if row["kind"] == "sent"]
    first: Record = sent[0] if sent else {}
    return {
        "sent_at": _first(sent),
        "last_sent_at": sent[-1]["at"] if sent else None,
        "sends": len(sent),
        "bounced_at": None if _reached(happened, sent) else _first(filter(is_bounce, happened)),
        "replied_at": _first(filter(is_answer, happened)),
        "positive_at": _first(filter(is_positive, happened)),
        "declined_at": _first(filter(is_declined, happened)),
        "placed_at": _first(filter(is_placed, happened)),
        **{name: first.get(name) for name in ("channel", "template", "attributes", "propensity")},
    }


def _reached(happened: list[Record], sent: list[Record]) -> bool:
    """Tell whether somebody was reached though something bounced: it was sent again since, or answered."""
    bounces = [row["at"] for row in happened if is_bounce(row)]
    again = len(sent) > 1 and bounces and bounces[-1] < sent[-1]["at"]
    return bool(again or any(map(is_answer, happened)))


def is_bounce(row: Record) -> bool:
    return bool(row["kind"] == "bounced")


def is_answer(row: Record) -> bool:
    """Tell whether a person answered; an automatic reply is none."""
    if row["kind"] == "replied":
        return bool(row["category"] != "auto")
    return row["kind"] in ("positive", "declined", "placed")


def is_positive(row: Record) -> bool:
    return row["kind"] == "positive" or _replied(row, "interested") or is_placed(row)


def is_declined(row: Record) -> bool:
    return row["kind"] == "declined" or _replied(row, "declined") or _replied(row, "objected")


def is_placed(row: Record) -> bool:
    return row["kind"] == "placed" or _replied(row, "placed")


def _replied(row: Record, category: str) -> bool:
    return bool(row["kind"] == "replied" and row["category"] == category)


def _when(row: Record) -> tuple[datetime, Any]:
    return row["at"], row["id"]


def _first(rows: Iterable[Record]) -> datetime | None:
    return next((row["at"] for row in rows), None)
