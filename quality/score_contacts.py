"""How likely contacts are to answer, against the truth behind them: error, and the order it gives."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import numpy as np

from quality.harness import NOW, Bench
from quality.row import Row, interval

Json = dict[str, Any]

SKILL = "score-contacts"
CONTACTS, PITCHES, SHOWN = 300, 8, 30
WORLDS = 8
MEAN, PRECISION = 0.08, 14.0
ERROR_BAR, GAIN_BAR = 0.45, 0.05


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """Compare with each contact's raw rate, ties in the order drawn; 300 contacts, 1 to 8 pitches each.

    Eight worlds a seed: one alone tells the order's lead too roughly.
    """
    figures = [await _figures(bench, seed, world) for seed in seeds for world in range(WORLDS)]
    raw_error, error, raw_gain, gain = map(np.array, zip(*figures, strict=True))
    share, lead = interval(error / raw_error), interval(gain - raw_gain)
    return [
        Row(
            SKILL,
            "RMSE of answer chance",
            raw_error.mean(),
            error.mean(),
            *share,
            f"≤ {ERROR_BAR} of raw",
            share[1] <= ERROR_BAR,
        ),
        Row(
            SKILL,
            f"nDCG@{SHOWN} by answer chance",
            raw_gain.mean(),
            gain.mean(),
            *lead,
            f"lead ≥ {GAIN_BAR}",
            float(lead[0]) > 0 and float((gain - raw_gain).mean()) >= GAIN_BAR,
        ),
    ]


def ndcg(order: np.ndarray, worth: np.ndarray, shown: int) -> float:
    """Return the discounted gain of an order against the best one (Järvelin, Kekäläinen 2002)."""
    discount = 1 / np.log2(np.arange(2, shown + 2))
    best = (np.sort(worth)[::-1][:shown] * discount[: len(worth)]).sum()
    found = worth[order[:shown]]
    return float((found * discount[: len(found)]).sum() / best) if best else 1.0


async def _figures(bench: Bench, seed: int, world: int) -> tuple[float, float, float, float]:
    rng, user = np.random.default_rng([seed, world, 77]), uuid4()
    true = rng.beta(MEAN * PRECISION, (1 - MEAN) * PRECISION, CONTACTS)
    sent = rng.integers(1, PITCHES + 1, CONTACTS)
    answered = rng.binomial(sent, true)
    contacts: list[Json] = [
        {"id": uuid4(), "user_id": user, "type": "radio", "imported_at": NOW, "seq": 1} for _ in true
    ]
    at = NOW - timedelta(days=100)
    row = {"user_id": user, "sent_at": at, "last_sent_at": at, "sends": 1}
    pitches = [
        {
            **row,
            "id": uuid4(),
            "campaign_id": uuid4(),
            "contact_id": one["id"],
            "replied_at": at + timedelta(days=2) if number < k else None,
        }
        for one, n, k in zip(contacts, sent, answered, strict=True)
        for number in range(n)
    ]
    await bench.load({"contacts": contacts, "pitches": pitches})
    given = {"contacts": [{"id": str(one["id"]), "type": "radio"} for one in contacts]}
    output = await bench.run(SKILL, given, user=user)
    place = {str(one["id"]): number for number, one in enumerate(contacts)}
    order = np.array([place[one["id"]] for one in output["contacts"]])
    ours = np.zeros(CONTACTS)
    ours[order] = [one["history"]["mean"] for one in output["contacts"]]
    raw = answered / sent
    return (
        float(np.sqrt(((raw - true) ** 2).mean())),
        float(np.sqrt(((ours - true) ** 2).mean())),
        ndcg(np.argsort(-raw, kind="stable"), true, SHOWN),
        ndcg(order, true, SHOWN),
    )
