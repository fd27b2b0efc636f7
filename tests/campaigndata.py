"""Rows of a sample campaign: contacts pitched at known times, with known answers."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

Row = dict[str, Any]


def contact(user: UUID, number: int, **given: Any) -> Row:
    return {
        "id": uuid5(user, f"contact/{number}"),
        "user_id": user,
        "outlet": f"Outlet {number}",
        "type": "radio",
        **given,
    }


def campaign(user: UUID, name: str = "Glass Coast", **given: Any) -> Row:
    return {"id": uuid5(user, f"campaign/{name}"), "user_id": user, "name": name, **given}


def pitch(
    act: Row, person: Row, sent: datetime, *, answer: str | None = None, after: float = 1.0, **given: Any
) -> Row:
    """One pitch; `answer` is replied, positive, placed or declined, `after` so many days."""
    at = sent + timedelta(days=after)
    times = {
        "replied": ("replied_at",),
        "positive": ("replied_at", "positive_at"),
        "placed": ("replied_at", "positive_at", "placed_at"),
        "declined": ("replied_at", "declined_at"),
    }
    return {
        "id": uuid5(act["id"], str(person["id"])),
        "user_id": act["user_id"],
        "campaign_id": act["id"],
        "contact_id": person["id"],
        "sent_at": sent,
        "last_sent_at": sent,
        "sends": 1,
        **dict.fromkeys(times.get(answer or "", ()), at),
        **given,
    }


def story(user: UUID, now: datetime) -> dict[str, list[Row]]:
    """Two weeks of a campaign: 48 sent, 3 replied, 1 of them placed; before that 40, 5 and 2."""
    act = campaign(user)
    people = [contact(user, number) for number in range(88)]
    this = ["placed", "replied", "declined", *[None] * 45]
    last = ["placed", "placed", "replied", "replied", "declined", *[None] * 35]
    pitches = [
        pitch(act, person, now - timedelta(days=0.1 + 6.8 * number / 48), answer=answer, after=0.05)
        for number, (person, answer) in enumerate(zip(people[:48], this, strict=True))
    ] + [
        pitch(act, person, now - timedelta(days=7.1 + 6.8 * number / 40), answer=answer)
        for number, (person, answer) in enumerate(zip(people[48:], last, strict=True))
    ]
    return {"contacts": people, "campaigns": [act], "pitches": pitches, "snapshots": [_snapshot(user)]}


def _snapshot(user: UUID) -> Row:
    return {"user_id": user, "seq": 4711}
