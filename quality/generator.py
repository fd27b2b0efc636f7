"""One seeded world with known truth: who would answer, how soon, and which attributes mean nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import numpy as np

from quality.harness import NOW

SPACE = UUID("6b0f3c1e-8f5d-4d2c-9a6e-2f1f0f6f7a10")
GENRES = ("synthpop", "indie", "techno", "folk", "hip hop", "jazz", "metal", "ambient")
REGIONS = ("UK", "Scotland", "Wales", "Germany", "US", "France")
TYPES = {"radio": 1.3, "playlist": 0.7, "journalist": 0.8, "blogger": 1.2}
TEMPLATES = ("short", "story", "question")
WEEKDAYS = 7


@dataclass(frozen=True, slots=True)
class Truth:
    """What drives answers: `base` is the mean answer rate; factors multiply odds.

    `spread` is the standard deviation of contacts' own log odds; `delay_days` and `shape` those of a Weibull
    delay; `nulls` is how many attributes of two values there are that mean nothing.
    """

    base: float = 0.06
    spread: float = 0.6
    genre_match: float = 1.0
    types: Mapping[str, float] = field(default_factory=lambda: dict(TYPES))
    weekdays: Sequence[float] = (1.0,) * WEEKDAYS
    delay_days: float = 4.0
    shape: float = 0.9
    bounces: float = 0.02
    placed: float = 0.3
    nulls: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """Rows by table, and the probability that lies behind each pitch and each contact."""

    user: UUID
    rows: dict[str, list[dict[str, Any]]]
    pitch_p: dict[UUID, float]
    contact_p: dict[UUID, float]

    @property
    def campaigns(self) -> list[UUID]:
        return [row["id"] for row in self.rows["campaigns"]]


def world(
    seed: int,
    *,
    contacts: int = 300,
    sends: int = 1200,
    campaigns: int = 6,
    days: float = 180.0,
    until: datetime = NOW,
    truth: Truth | None = None,
) -> World:
    """Draw a user's contacts, campaigns and pitches; the last pitch was sent at `until`.

    Answers that lie after `until` have not happened: their pitches are pending, as they would be.
    """
    truth = truth or Truth()
    rng = np.random.default_rng([seed, contacts, sends])
    user = uuid5(SPACE, f"user/{seed}/{contacts}/{sends}/{truth}")
    people = [_contact(user, number, rng) for number in range(contacts)]
    own = rng.normal(0.0, truth.spread, contacts) if contacts else np.zeros(0)
    acts = [_campaign(user, number, rng, until - timedelta(days=days)) for number in range(campaigns)]
    pitches, pitch_p = _pitches(rng, people, own, acts, sends=sends, days=days, until=until, truth=truth)
    contact_p = {
        person["id"]: _p(truth, person, float(own[number]), match=False, weekday=None)
        for number, person in enumerate(people)
    }
    return World(user, {"contacts": people, "campaigns": acts, "pitches": pitches}, pitch_p, contact_p)


def _contact(user: UUID, number: int, rng: np.random.Generator) -> dict[str, Any]:
    kind = str(rng.choice(list(TYPES)))
    return {
        "id": uuid5(user, f"contact/{number}"),
        "user_id": user,
        "outlet": f"Outlet {number}",
        "type": kind,
        "genres": sorted(map(str, rng.choice(GENRES, size=rng.integers(1, 3), replace=False))),
        "regions": [str(rng.choice(REGIONS))],
        "imported_at": NOW - timedelta(days=400),
        "seq": 1,
    }


def _campaign(user: UUID, number: int, rng: np.random.Generator, at: datetime) -> dict[str, Any]:
    return {
        "id": uuid5(user, f"campaign/{number}"),
        "user_id": user,
        "name": f"Campaign {number}",
        "genres": [str(rng.choice(GENRES))],
        "created_at": at,
    }


def _pitches(
    rng: np.random.Generator,
    people: list[dict[str, Any]],
    own: np.ndarray,
    acts: list[dict[str, Any]],
    *,
    sends: int,
    days: float,
    until: datetime,
    truth: Truth,
) -> tuple[list[dict[str, Any]], dict[UUID, float]]:
    """Pitch distinct pairs of contact and campaign, oldest first."""
    pairs = len(people) * len(acts)
    if sends > pairs:
        raise ValueError(f"{sends} pitches need as many pairs of contact and campaign, there are {pairs}")
    chosen = rng.choice(pairs, size=sends, replace=False) if sends else []
    ages = np.sort(rng.uniform(0.0, days, sends))[::-1]
    found, chances = [], {}
    for pair, age in zip(chosen, ages, strict=True):
        number, act = int(pair) % len(people), acts[int(pair) // len(people)]
        person, sent = people[number], until - timedelta(days=float(age))
        match = bool(set(person["genres"]) & set(act["genres"]))
        p = _p(truth, person, float(own[number]), match=match, weekday=sent.weekday())
        row = {
            "id": uuid5(act["id"], str(person["id"])),
            "user_id": act["user_id"],
            "campaign_id": act["id"],
            "contact_id": person["id"],
            "sent_at": sent,
            "last_sent_at": sent,
            "sends": 1,
            "channel": "email",
            "template": str(rng.choice(TEMPLATES)),
            "attributes": {f"null_{n}": "yes" if rng.random() < 0.5 else "no" for n in range(truth.nulls)},
            **_outcome(rng, p, sent, until, truth),
        }
        found.append(row)
        chances[row["id"]] = p
    return found, chances


def _outcome(
    rng: np.random.Generator, p: float, sent: datetime, until: datetime, truth: Truth
) -> dict[str, datetime]:
    bounces, answers, places = rng.random(3)
    delay = timedelta(days=truth.delay_days * float(rng.weibull(truth.shape)))
    if bounces < truth.bounces:
        return {"bounced_at": sent + timedelta(minutes=1)}
    if answers >= p or sent + delay > until:
        return {}
    at = sent + delay
    kind = "placed" if places < truth.placed else "positive" if places < 2 * truth.placed else "declined"
    placed = {"positive_at": at, "placed_at": at}
    return {"replied_at": at, **(placed if kind == "placed" else {f"{kind}_at": at})}


def _p(truth: Truth, person: Mapping[str, Any], own: float, *, match: bool, weekday: int | None) -> float:
    odds = truth.base / (1 - truth.base) * truth.types.get(person["type"], 1.0) * float(np.exp(own))
    odds *= truth.genre_match if match else 1.0
    odds *= 1.0 if weekday is None else truth.weekdays[weekday]
    return odds / (1 + odds)


__all__ = ["Truth", "World", "world"]
