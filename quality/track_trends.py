"""Trends of known slope among noise that remembers: false findings, those found, and the slopes' error.

Forty series of 26 weeks: nothing moves, or twelve rise; noise without memory, with some, and with much.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
from scipy.special import stdtr

from quality.harness import NOW, Bench
from quality.row import Row, at_most, interval, mean

SKILL = "track-trends"
SERIES, TRUE, WEEKS = 40, 12, 26
MEMORIES = (0.0, 0.3, 0.5)
SPREAD, FDR, BASE = 10.0, 0.1, 500.0
SLOPES = (3.0, 1.5)
STILL, MOVING, GENTLE = 10, 5, 2
OUTLIERS, FAR = 0.03, 20
POWER_BAR, ERROR_BAR = 0.8, 0.25


class Told(NamedTuple):
    """Of one world: the share of findings that are false, that of trends found, and the slopes' error."""

    false: float
    found: float
    error: float


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """The baseline is a straight line by least squares, told where its p is below 0.05."""
    rows = []
    for memory in MEMORIES:
        still = await _worlds(bench, seeds, memory, 0.0, STILL)
        moving = await _worlds(bench, seeds, memory, SLOPES[0], MOVING)
        rows += [
            _false(f"findings where nothing moves, memory {memory}", still),
            _false(f"share of false findings, memory {memory}", moving),
            _found(f"share of trends found, memory {memory}", moving, POWER_BAR),
        ]
    gentle = await _worlds(bench, seeds, MEMORIES[1], SLOPES[1], GENTLE)
    return [*rows, _found(f"the same, half as steep, memory {MEMORIES[1]}", gentle, None), _error(moving)]


async def _worlds(
    bench: Bench, seeds: Sequence[int], memory: float, slope: float, many: int
) -> list[tuple[Told, Told]]:
    """Return what the skill tells of each world, and what the baseline tells."""
    found = []
    for seed in seeds:
        for number in range(many):
            rng = np.random.default_rng([seed, number, round(10 * memory), round(10 * slope)])
            values = drawn(rng, memory, slope)
            found.append((await _told(bench, values, slope), straight_lines(values, slope)))
    return found


def drawn(rng: np.random.Generator, memory: float, slope: float) -> np.ndarray:
    """Draw series by weeks: the first twelve rise; a few weeks lie far off, as when a video is shared."""
    noise = rng.normal(0, SPREAD, (SERIES, WEEKS))
    noise[:, 0] /= np.sqrt(1 - memory**2)
    for week in range(1, WEEKS):
        noise[:, week] += memory * noise[:, week - 1]
    rising = np.where(np.arange(SERIES) < TRUE, slope, 0.0)[:, None] * np.arange(WEEKS)
    shared = (rng.random(noise.shape) < OUTLIERS) * SPREAD * FAR
    return np.asarray(BASE + noise + rising + shared)


def straight_lines(values: np.ndarray, slope: float) -> Told:
    at = np.arange(WEEKS) - (WEEKS - 1) / 2
    slopes = values @ at / (at @ at)
    rest = values - values.mean(axis=1, keepdims=True) - slopes[:, None] * at
    error = np.sqrt((rest**2).sum(axis=1) / (WEEKS - 2) / (at @ at))
    p = 2 * stdtr(WEEKS - 2, -np.abs(slopes / error))
    return judged(np.sign(slopes) * (p < 0.05), slopes, slope)


def judged(directions: np.ndarray, slopes: np.ndarray, slope: float) -> Told:
    """Judge what is said of each series, 1 for rising, -1 for falling; of nothing said nothing is false."""
    true = (np.arange(SERIES) < TRUE) & (slope > 0)
    hits, said = int((directions[true] == 1).sum()), int((directions != 0).sum())
    error = float(np.abs(slopes[true] - slope).mean() / slope) if slope else 0.0
    return Told((said - hits) / max(said, 1), hits / TRUE, error)


async def _told(bench: Bench, values: np.ndarray, slope: float) -> Told:
    user = uuid4()
    artists = [{"id": uuid4(), "user_id": user, "name": f"Act {n:02}", "mine": True} for n in range(SERIES)]
    monday = NOW.date() - timedelta(days=NOW.weekday())
    rows: list[dict[str, Any]] = [
        {
            "id": uuid4(),
            "user_id": user,
            "artist_id": artist["id"],
            "metric": "streams",
            "day": monday - timedelta(weeks=WEEKS - week),
            "value": float(value),
        }
        for artist, series in zip(artists, values, strict=True)
        for week, value in enumerate(series)
    ]
    await bench.load({"artists": artists, "metric_days": rows})
    trends = (await bench.run(SKILL, {"window_days": 7 * WEEKS, "fdr": FDR}, user=user))["trends"]
    ways = {"rising": 1, "falling": -1}
    trends.sort(key=lambda one: one["key"])
    directions = np.array([ways.get(one["direction"], 0) for one in trends])
    return judged(directions, np.array([one["slope_per_week"] for one in trends]), slope)


def _false(what: str, worlds: list[tuple[Told, Told]]) -> Row:
    ours, theirs = ([pair[side].false for pair in worlds] for side in (0, 1))
    return at_most(SKILL, what, mean(ours), FDR, baseline=mean(theirs), of=ours)


def _found(what: str, worlds: list[tuple[Told, Told]], bar: float | None) -> Row:
    ours, theirs = ([pair[side].found for pair in worlds] for side in (0, 1))
    low, high = interval(ours)
    wanted, passed = (f"≥ {bar}", low >= bar) if bar else ("(shown)", True)
    return Row(SKILL, what, mean(theirs), mean(ours), low, high, wanted, passed)


def _error(worlds: list[tuple[Told, Told]]) -> Row:
    ours, theirs = ([pair[side].error for pair in worlds] for side in (0, 1))
    low, high = interval(ours)
    what = f"error of slopes, of their size, memory {MEMORIES[-1]}"
    return Row(SKILL, what, mean(theirs), mean(ours), low, high, f"≤ {ERROR_BAR}", high <= ERROR_BAR)
