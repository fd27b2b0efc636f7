"""Rows for the tests of insight skills: artists of a cohort, campaigns, pitches with counted answers."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np

from quality.harness import NOW
from skillbench import Skillbench

Rows = list[dict[str, Any]]


def artist(user: UUID, **values: Any) -> dict[str, Any]:
    return {"id": uuid4(), "user_id": user, "name": "Act", "genres": ["synthpop"], "mine": True, **values}


def campaign(user: UUID, **values: Any) -> dict[str, Any]:
    return {"id": uuid4(), "user_id": user, "name": "Campaign", "genres": ["synthpop"], **values}


def contact(user: UUID, **values: Any) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "user_id": user,
        "type": "radio",
        "genres": ["synthpop"],
        "regions": ["UK"],
        **values,
    }


def pitch(
    user: UUID, act: dict[str, Any], to: dict[str, Any], *, days: float = 60, **values: Any
) -> dict[str, Any]:
    """Return a pitch sent `days` ago."""
    sent = NOW - timedelta(days=days)
    made = {"id": uuid4(), "user_id": user, "campaign_id": act["id"], "contact_id": to["id"], "sends": 1}
    return {**made, "sent_at": sent, "last_sent_at": sent, "channel": "email", **values}


def answered(row: dict[str, Any], *, after: float = 2, **values: Any) -> dict[str, Any]:
    """Return the pitch with an answer, `after` days."""
    return {**row, "replied_at": row["sent_at"] + timedelta(days=after), **values}


async def empty_cohort(skillbench: Skillbench) -> None:
    """Let nobody of earlier tests stand in a cohort."""
    await skillbench._bench.execute("UPDATE artists SET in_cohort = false")


def story(owners: list[UUID]) -> dict[str, Rows]:
    """An artist for each owner, all opted in; 57 of 480 matched contacts replied, 43 of 720 others."""
    rng = np.random.default_rng(1)
    artists = [artist(owner, in_cohort=True, name=f"Act {n}") for n, owner in enumerate(owners)]
    acts = [campaign(each["user_id"], artist_id=each["id"]) for each in artists]
    people = {
        (each["user_id"], match): [
            contact(each["user_id"], genres=["synthpop" if match else "metal"]) for _ in range(20)
        ]
        for each in artists
        for match in (True, False)
    }
    kinds = [(True, n < 57) for n in range(480)] + [(False, n < 43) for n in range(720)]
    pitches = []
    for number in rng.permutation(1200):
        match, replied = kinds[number]
        act = acts[len(pitches) % len(acts)]
        coins = {f"coin_{n}": "yes" if rng.random() < 0.5 else "no" for n in range(19)}
        days = 30 + float(rng.uniform(0, 200))
        to = people[act["user_id"], match][int(rng.integers(20))]
        row = pitch(act["user_id"], act, to, days=days, attributes=coins)
        pitches.append(answered(row) if replied else row)
    contacts = [one for some in people.values() for one in some]
    return {"artists": artists, "campaigns": acts, "contacts": contacts, "pitches": pitches}
