"""Trends of known slope among noise that remembers: false findings, those found, and the slopes' error."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import numpy as np

from quality.harness import NOW, Bench
from quality.row import Row, interval

SKILL = "track-trends"
SERIES, TRUE, WEEKS, MEMORY = 40, 12, 26, 0.3
SLOPE, SPREAD, FDR, WORLDS = 3.0, 10.0, 0.1, 4
POWER_BAR = 0.8


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """Forty series of 26 weeks, twelve of them rising; four worlds a seed."""
    false, power, error = zip(*[await _world(bench, s, w) for s in seeds for w in range(WORLDS)], strict=True)
    false_low, false_high = interval(false)
    low, high = interval(power)
    wrong, found = float(np.mean(false)), float(np.mean(power))
    return [
        Row(SKILL, "share of false findings", None, wrong, false_low, false_high, f"≤ {FDR}", wrong <= FDR),
        Row(SKILL, "share of trends found", None, found, low, high, f"≥ {POWER_BAR}", low >= POWER_BAR),
        Row(
            SKILL,
            "error of slopes, of their size",
            None,
            float(np.mean(error)),
            None,
            None,
            "≤ 0.25",
            np.mean(error) <= 0.25,
        ),
    ]


async def _world(bench: Bench, seed: int, world: int) -> tuple[float, float, float]:
    rng, user = np.random.default_rng([seed, world, 5]), uuid4()
    artists = [{"id": uuid4(), "user_id": user, "name": f"Act {n}", "mine": True} for n in range(SERIES)]
    monday = NOW.date() - timedelta(days=NOW.weekday())
    rows: list[dict[str, Any]] = []
    for number, artist in enumerate(artists):
        rising = SLOPE if number < TRUE else 0.0
        for week, value in enumerate(_noise(rng) + 500 + rising * np.arange(WEEKS)):
            day = monday - timedelta(weeks=WEEKS - week)
            told = {"metric": "streams", "day": day, "value": float(value), "artist_id": artist["id"]}
            rows.append({"id": uuid4(), "user_id": user, **told})
    await bench.load({"artists": artists, "metric_days": rows})
    trends = (await bench.run(SKILL, {"window_days": 7 * WEEKS, "fdr": FDR}, user=user))["trends"]
    true = {f"Act {n}" for n in range(TRUE)}
    said = [one for one in trends if one["direction"] in {"rising", "falling"}]
    hits = [one for one in said if one["key"] in true and one["direction"] == "rising"]
    slopes = [one["slope_per_week"] for one in trends if one["key"] in true]
    return (
        (len(said) - len(hits)) / (len(said) or 1),
        len(hits) / TRUE,
        float(np.mean(np.abs(np.array(slopes) - SLOPE))) / SLOPE,
    )


def _noise(rng: np.random.Generator) -> np.ndarray:
    values = rng.normal(0, SPREAD, WEEKS)
    for week in range(1, WEEKS):
        values[week] += MEMORY * values[week - 1]
    return values
