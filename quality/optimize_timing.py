"""Times of the week of known worth: how much is lost until the best is found, and whether what is told holds.

Fifteen slots, one of them half as good again; two types of contact that answer unequally and are mostly
written to at different times. Whether a time may be used is judged by holidays that were announced, and by a
search through every hour.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import numpy as np
from scipy.special import gammaincc

from library.localtime import part_of_day
from library.slots import USUAL, Seen, chances_of_best, enough, known, propensities
from quality.harness import NOW, Bench
from quality.planted.holidays import ANNOUNCED, CLOCKS_CHANGE, announced
from quality.row import Row, interval, mean, never

Json = dict[str, Any]

SKILL = "optimize-timing"
USUAL_RATE, BEST_RATE = 0.06, 0.09
KINDS = {"radio": 1.3, "journalist": 0.7}
FEW, MANY, BATCH = 200, 2000, 100
WORLDS, DRAWN = 30, 120
SPREAD = 0.015
TUESDAY = next(number for number, slot in enumerate(USUAL) if slot.weekday == 1)
CALIBRATED, BY_CHANCE = 0.06, 0.001
WINDOWS, PEOPLE = 40, 600
FEWEST_EXPECTED = 5
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ZONES = tuple(ANNOUNCED)


class Sends(NamedTuple):
    """How many pitches of each kind went out in each slot, and how many were answered."""

    sent: np.ndarray
    answered: np.ndarray


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """The baselines are all slots alike, and Tuesday morning always."""
    lost, alike, tuesday, claims, spoke, broken, chances = [], [], [], [], 0, 0, []
    for seed in seeds:
        for number in range(WORLDS):
            rng = np.random.default_rng([seed, number, 61])
            best = np.arange(len(USUAL)) == number % len(USUAL)
            rates = np.where(best, BEST_RATE, USUAL_RATE)
            lost.append(regret(rates, rng))
            alike.append(float((rates.max() - rates).mean()) * MANY)
            tuesday.append(float(rates.max() - rates[TUESDAY]) * MANY)
        claims += [claimed(np.random.default_rng([seed, number, 62])) for number in range(DRAWN)]
        spoke += await _spoke(bench, seed)
        broken += await _broken(bench, seed)
        chances += [await _by_chance(bench, seed, hours) for hours in (None, 60)]
    return [
        never(SKILL, f"worlds of {FEW} pitches in which it speaks", spoke),
        _cheaper("all slots alike", lost, alike),
        _cheaper("Tuesday morning", lost, tuesday),
        *_calibration(claims),
        never(SKILL, "times that are not allowed, or not the first", broken),
        _honest(chances),
    ]


def regret(rates: np.ndarray, rng: np.random.Generator) -> float:
    """Send 2,000 pitches, a hundred at a time, by what is known of those before; return the answers lost."""
    sends, lost = Sends(np.zeros((2, len(rates))), np.zeros((2, len(rates)))), 0.0
    for _ in range(MANY // BATCH):
        chances = policy(sends, rng)
        lost += BATCH * float(chances @ (rates.max() - rates))
        new = drawn(rates, np.tile(chances, (2, 1)), BATCH, rng)
        sends = Sends(sends.sent + new.sent, sends.answered + new.answered)
    return lost


def policy(sends: Sends, rng: np.random.Generator) -> np.ndarray:
    """Return how likely the skill's library makes each slot."""
    seen = seen_of(sends)
    if not enough(seen):
        return np.full(len(USUAL), 1 / len(USUAL))
    return propensities(chances_of_best(known(seen, USUAL, rng).draws))


def drawn(rates: np.ndarray, chances: np.ndarray, many: int, rng: np.random.Generator) -> Sends:
    """Send so many, half to each kind, by each kind's chances of slots."""
    sent = np.stack([rng.multinomial(many // 2, of_kind) for of_kind in chances])
    likely = np.minimum(np.outer(list(KINDS.values()), rates), 1.0)
    return Sends(sent, rng.binomial(sent, likely))


def seen_of(sends: Sends) -> list[Seen]:
    return [
        Seen(
            slot.weekday, part_of_day(slot.hour), kind, int(sends.sent[row, at]), int(sends.answered[row, at])
        )
        for row, kind in enumerate(KINDS)
        for at, slot in enumerate(USUAL)
        if sends.sent[row, at]
    ]


def claimed(rng: np.random.Generator) -> tuple[float, bool, bool]:
    """Return how sure it is of the best slot, whether it is the best, and whether the best counted is."""
    rates = np.maximum(rng.normal(USUAL_RATE, SPREAD, len(USUAL)), 0.005)
    leaning = np.linspace(0.4, 1.6, len(USUAL)) / len(USUAL)
    sends = drawn(rates, np.stack([leaning, leaning[::-1]]), MANY * 4, rng)
    p_best = chances_of_best(known(seen_of(sends), USUAL, rng).draws)
    best, counted = rates.argmax(), (sends.answered.sum(axis=0) / sends.sent.sum(axis=0)).argmax()
    return float(p_best.max()), bool(p_best.argmax() == best), bool(counted == best)


async def _spoke(bench: Bench, seed: int) -> int:
    """Whether it tells slots apart at 200 pitches, however unequal they are."""
    rng, user = np.random.default_rng([seed, 63]), uuid4()
    rates = np.where(np.arange(len(USUAL)) == int(rng.integers(len(USUAL))), 0.5, USUAL_RATE)
    await bench.load(_tables(user, drawn(rates, np.full((2, len(USUAL)), 1 / len(USUAL)), FEW, rng)))
    found = await bench.run(SKILL, {}, user=user)
    return int(bool(found["slots"]) or found["meta"]["basis"] != "insufficient" or found["exploration"] != 1)


def _tables(user: UUID, sends: Sends) -> dict[str, list[Json]]:
    """Lay pitches at each slot's hour in London, one a week, forty weeks back and again."""
    contacts = {kind: {"id": uuid4(), "user_id": user, "type": kind} for kind in KINDS}
    pitches = []
    for row, kind in enumerate(KINDS):
        for at, slot in enumerate(USUAL):
            for number in range(int(sends.sent[row, at])):
                day = (NOW - timedelta(weeks=5 + number % 40)).date()
                day += timedelta(slot.weekday - day.weekday())
                sent = datetime(day.year, day.month, day.day, slot.hour, tzinfo=ZoneInfo("Europe/London"))
                answer = sent + timedelta(days=2) if number < sends.answered[row, at] else None
                told = {"contact_id": contacts[kind]["id"], "campaign_id": uuid4(), "sent_at": sent}
                pitches.append({"id": uuid4(), "user_id": user, "replied_at": answer, **told})
    return {"contacts": [*contacts.values()], "pitches": pitches}


async def _broken(bench: Bench, seed: int) -> int:
    """Ask in random windows, some where clocks change; count what a search hour by hour does not find."""
    rng, user = np.random.default_rng([seed, 64]), uuid4()
    people = [{"id": uuid4(), "user_id": user, "type": "radio", "timezone": zone} for zone in ZONES]
    await bench.load({"contacts": people})
    wrong = 0
    for number in range(WINDOWS):
        start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=float(rng.integers(0, 1000 * 1440)))
        change = CLOCKS_CHANGE[number % len(CLOCKS_CHANGE)]
        if number % 4 == 0:
            start = datetime.fromisoformat(change).replace(tzinfo=UTC) - timedelta(hours=9)
        end = start + timedelta(hours=float(rng.integers(1, 24 * 20)))
        slots = [(int(day), int(rng.integers(24))) for day in rng.choice(6, 3, replace=False)]
        slots += [(6, int(rng.integers(4)))]
        given = {
            "contacts": [{"id": str(one["id"])} for one in people],
            "slots": [f"{DAYS[day]} {hour}" for day, hour in slots],
            "not_before": start.isoformat(),
            "deadline": end.isoformat(),
        }
        now = start - timedelta(days=1)
        found = await bench.run(SKILL, given, user=user, now=now)
        told = {one["contact_id"]: datetime.fromisoformat(one["send_at"]) for one in found["schedule"]}
        for one in people:
            firsts = searched(start, end, slots, one["timezone"])
            moment = told.get(str(one["id"]))
            wrong += moment not in firsts if firsts else moment is not None
    return wrong


def searched(start: datetime, end: datetime, slots: Sequence[tuple[int, int]], zone: str) -> set[datetime]:
    """Return the first moment of each slot, by looking at every hour of the window."""
    firsts: dict[tuple[int, int], datetime] = {}
    hour, shut = start.replace(minute=0, second=0, microsecond=0), announced(zone)
    while hour <= end:
        local = hour.astimezone(ZoneInfo(zone))
        place = (local.weekday(), local.hour)
        if hour >= start and place in slots and local.date() not in shut:
            firsts.setdefault(place, hour)
        hour += timedelta(hours=1)
    return set(firsts.values())


async def _by_chance(bench: Bench, seed: int, hours: int | None) -> float:
    """Return how likely slots fall as far from their logged chances (Pearson's chi-square).

    Moments of which fewer than five sends are to be expected count together: such a cell is off too easily.
    """
    rng, user = np.random.default_rng([seed, 65]), uuid4()
    rates = np.where(np.arange(len(USUAL)) == TUESDAY, BEST_RATE, USUAL_RATE)
    await bench.load(_tables(user, drawn(rates, np.full((2, len(USUAL)), 1 / len(USUAL)), MANY, rng)))
    people = [{"id": uuid4(), "user_id": user, "type": "radio"} for _ in range(PEOPLE)]
    await bench.load({"contacts": people})
    limits = {} if hours is None else {"deadline": (NOW + timedelta(hours=hours)).isoformat()}
    given = {"contacts": [{"id": str(one["id"])} for one in people], **limits}
    sends = (await bench.run(SKILL, given, user=user))["schedule"]
    moments, counts = np.unique([one["send_at"] for one in sends], return_counts=True)
    logged = {one["send_at"]: one["propensity"] for one in sends}
    expected = PEOPLE * np.array([logged[moment] for moment in moments])
    usual = expected >= FEWEST_EXPECTED
    counts, expected = counts[usual], expected[usual]
    if (rest := PEOPLE - expected.sum()) >= FEWEST_EXPECTED:
        counts, expected = np.append(counts, PEOPLE - counts.sum()), np.append(expected, rest)
    off = ((counts - expected) ** 2 / expected).sum()
    return float(gammaincc(max(len(counts) - 1, 1) / 2, off / 2))


def _cheaper(than: str, ours: list[float], theirs: list[float]) -> Row:
    low, high = interval(np.array(theirs) - np.array(ours))
    what = f"answers lost of {MANY} pitches, beside {than}"
    return Row(SKILL, what, mean(theirs), mean(ours), low, high, "below", low > 0)


def _calibration(claims: list[tuple[float, bool, bool]]) -> list[Row]:
    """Compare how sure it is with how often it is right; the baseline is sure of the best counted slot."""
    sure, right, counted = map(np.array, zip(*claims, strict=True))
    order = np.argsort(sure)
    off = sum(abs((sure[part] - right[part]).sum()) for part in np.array_split(order, 4)) / len(sure)
    quarters, bar = "calibration error of that, in quarters", f"≤ {CALIBRATED} + 1 s.e."
    error = float(np.std(right - sure) / np.sqrt(len(sure)))
    said = float(np.mean(sure) - np.mean(right))
    return [
        Row(
            SKILL,
            "sureness of the best slot less how often it is",
            float(1 - counted.mean()),
            said,
            *interval(sure - right),
            f"within {CALIBRATED}",
            abs(said) <= CALIBRATED,
        ),
        Row(SKILL, quarters, None, float(off), None, None, bar, bool(off <= CALIBRATED + error)),
    ]


def _honest(chances: list[float]) -> Row:
    least, bar = min(chances), BY_CHANCE / len(chances)
    what = "least p of slots by their logged chances"
    return Row(SKILL, what, None, least, None, None, f"≥ {bar:.4f}", least >= bar)
