"""Predictions for contacts not yet pitched, against the chances that lie behind them.

The truth is a probability, so that skill and calibration are exact for a world: no luck of single answers is
in them. Types and genres differ so much that with 2,000 pitches some 5 % of the squared error is predicted;
where they differ by a third only, nothing beats a constant at 100. Worlds are judged by the library that the
skill is made of; the first of each seed and size goes through the tables too, and must come out the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import numpy as np
from scipy.special import expit

from library.forecasting import FEWEST, forecast
from library.logistic import calibration_error
from library.outcomes import HORIZON
from library.propensity import Sent
from quality.generator import GENRES, Truth, World, world
from quality.harness import NOW, Bench
from quality.row import Row, at_least, at_most, interval, mean

SKILL = "predict-success"
WORLDS: Mapping[int, int] = {100: 24, 200: 16, 2000: 4}
TOO_FEW, FEW_WORLDS = (10, 60, 99), 2
CONTACTS, CAMPAIGNS, SHOWN, ASKED_GENRES = 400, 6, 200, 4
TYPES = {"radio": 2.5, "playlist": 0.5, "journalist": 0.4, "blogger": 1.5}
TRUTH = Truth(base=0.06, spread=0.5, genre_match=2.5, types=TYPES, bounces=0.0)
ECE_BAR, SHARE_BAR = 0.04, 0.85
HAND = {"radio": 0.3, "playlist": 0.2, "journalist": 0.1, "blogger": 0.1}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """Of one world: what the skill did better than a constant, how far it is off, what hand weights do."""

    skill: float
    error: float
    hand: float
    refused: bool


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """Compare with the usual rate as a constant, and with weights that somebody typed in."""
    rows = []
    for n, worlds in WORLDS.items():
        judged = [await _judged(bench, seed, number, n) for seed in seeds for number in range(worlds)]
        rows += _rows(n, judged)
    few = [
        await _judged(bench, seed, number, n)
        for seed in seeds
        for n in TOO_FEW
        for number in range(FEW_WORLDS)
    ]
    refused = mean([one.refused for one in few])
    return [*rows, Row(SKILL, "models refused below 100", 0.0, refused, None, None, "1", refused == 1)]


def _rows(n: int, judged: Sequence[Judged]) -> list[Row]:
    skill, error = [one.skill for one in judged], [one.error for one in judged]
    better = [one.skill > 0 for one in judged]
    hand, guessed = mean([one.hand for one in judged]), mean([one.hand > 0 for one in judged])
    what = f"worlds with Brier skill > 0, n = {n}"
    low, high = interval(skill)
    return [
        at_least(SKILL, what, mean(better), SHARE_BAR, baseline=guessed, of=better),
        Row(SKILL, f"Brier skill, n = {n}", hand, mean(skill), low, high, "> 0", low > 0),
        at_most(SKILL, f"calibration error, n = {n}", mean(error), ECE_BAR, of=error),
    ]


async def _judged(bench: Bench, seed: int, number: int, n: int) -> Judged:
    made, acts = drawn(seed, number, n)
    rows = _rows_of(made)
    model = forecast(rows, HORIZON, "replied")
    asked = [(one, act) for act in acts for one in made.rows["contacts"]]
    pasts: dict[UUID, list[Json]] = {one["id"]: [] for one in made.rows["contacts"]}
    for row in rows:
        pasts[row["contact_id"]].append(row)
    p = np.array(
        [one["p"] for one in model.predict([_as_if_sent(one, act, pasts[one["id"]]) for one, act in asked])]
    )
    if number == 0:
        first = [one["id"] for one, _ in asked[:SHOWN]]
        await _same_through_tables(bench, made, acts[0], dict(zip(first, p, strict=False)))
    true = np.array([chance(made, *pair) for pair in asked])
    usual = float(np.mean([row["success"] for row in rows]))
    hand = np.array([_by_hand(*pair) for pair in asked])
    return Judged(
        skill(p, true, usual), calibration_error(p, true), skill(hand, true, usual), model.model is None
    )


async def _same_through_tables(bench: Bench, made: World, act: Json, told: Mapping[UUID, float]) -> None:
    """Check that the skill says the same, and that below a hundred it says how many are missing."""
    await bench.load(made.rows)
    given = {"campaign_id": str(act["id"]), "contacts": [{"id": str(one)} for one in told]}
    output = await bench.run(SKILL, given, user=made.user)
    found = {one["contact_id"]: one["p"] for one in output["predictions"]}
    missing = max(FEWEST - len(made.rows["pitches"]), 0)
    same = all(abs(found[str(one)] - p) < 1e-9 for one, p in told.items())
    if not same or output["meta"].get("needed", 0) != missing:
        raise AssertionError(f"{SKILL}: its tables tell something else than its library")


def _rows_of(made: World) -> list[Json]:
    """Return the pitches as the skill reads them."""
    people = {one["id"]: one for one in made.rows["contacts"]}
    acts = {one["id"]: one for one in made.rows["campaigns"]}
    rows = [
        {
            **row,
            "success": row.get("replied_at") is not None and row["replied_at"] - row["sent_at"] <= HORIZON,
            "type": people[row["contact_id"]]["type"],
            "match": _match(people[row["contact_id"]], acts[row["campaign_id"]]),
        }
        for row in made.rows["pitches"]
    ]
    return sorted(rows, key=lambda row: (row["sent_at"], str(row["contact_id"])))


def _as_if_sent(contact: Json, act: Json, past: Sequence[Json]) -> Sent:
    days = (NOW - past[-1]["sent_at"]) / timedelta(days=1) if past else None
    won = sum(row["success"] for row in past)
    match = _match(contact, act)
    return Sent(type=contact["type"], match=match, k=won, n=len(past), earlier=len(past), days=days)


def _match(contact: Json, act: Json) -> bool:
    return bool(set(contact["genres"]) & set(act["genres"]))


def drawn(seed: int, number: int, n: int) -> tuple[World, list[Json]]:
    """Draw a user with so many settled pitches, and campaigns of four genres with none yet."""
    settled = NOW - HORIZON - timedelta(days=1)
    made = world(
        seed * 1000 + number,
        contacts=CONTACTS,
        sends=n,
        campaigns=CAMPAIGNS,
        days=300,
        until=settled,
        truth=TRUTH,
    )
    acts = [
        {"id": uuid5(made.user, genre), "user_id": made.user, "name": genre, "genres": [genre]}
        for genre in GENRES[:ASKED_GENRES]
    ]
    made.rows["campaigns"].extend(acts)
    return made, acts


def chance(made: World, contact: Json, act: Json) -> float:
    """Return how likely this contact truly answers a pitch of this campaign."""
    p = made.contact_p[contact["id"]]
    odds = p / (1 - p) * (TRUTH.genre_match if _match(contact, act) else 1.0)
    return odds / (1 + odds)


def skill(p: np.ndarray, true: np.ndarray, usual: float) -> float:
    """Return the Brier skill over a constant to be expected where answers come with these chances."""
    unavoidable = true * (1 - true)
    return 1 - float(((p - true) ** 2 + unavoidable).mean() / ((usual - true) ** 2 + unavoidable).mean())


def _by_hand(contact: Json, act: Json) -> float:
    """Predict as engines of this trade do: weights typed in, a sigmoid of their sum."""
    match = 0.4 if _match(contact, act) else 0.0
    return float(expit(HAND[contact["type"]] + match - 0.5))
