"""How likely contacts are to answer, against the truth behind them: error, and the order it gives.

Many worlds a seed, since one alone tells the order's lead too roughly: by the library that the skill is made
of; the first of each seed goes through the tables too, and must come out the same.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import numpy as np

from library.contact_history import OTHERS, Past, expected, fitted
from quality.harness import NOW, Bench
from quality.row import Row, interval, mean, never

Json = dict[str, Any]

SKILL = "score-contacts"
CONTACTS, PITCHES, SHOWN = 300, 8, 30
WORLDS, CHANGES = 60, 10
MEAN, PRECISION = 0.08, 14.0
ERROR_BAR, GAIN_BAR = 0.45, 0.05
AGO = NOW - timedelta(days=100)


class World(NamedTuple):
    """Each contact's chance of answering, how often it was pitched, and how often it answered."""

    true: np.ndarray
    sent: np.ndarray
    answered: np.ndarray


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """Compare with each contact's raw rate, ties in the order drawn; 300 contacts, 1 to 8 pitches each."""
    figures, lower, moved = [], 0, 0
    for seed in seeds:
        for number in range(WORLDS):
            world = drawn(seed, number)
            ours = chances(world)
            figures.append(compared(world, ours))
            if number == 0:
                desk = await _desk(bench, world)
                found = await _same_through_tables(bench, desk, ours)
                moved += await _shuffled(bench, desk, found, seed)
                lower += await _with_one_more(bench, desk, found, seed)
    raw_error, error, raw_gain, gain = map(np.array, zip(*figures, strict=True))
    share, lead = interval(error / raw_error), interval(gain - raw_gain)
    leads = lead[0] > 0 and mean(gain - raw_gain) >= GAIN_BAR
    of_raw, by_chance = f"≤ {ERROR_BAR} of raw", f"nDCG@{SHOWN} by answer chance"
    return [
        Row(
            SKILL,
            "RMSE of answer chance",
            mean(raw_error),
            mean(error),
            *share,
            of_raw,
            share[1] <= ERROR_BAR,
        ),
        Row(SKILL, by_chance, mean(raw_gain), mean(gain), *lead, f"lead ≥ {GAIN_BAR}", leads),
        never(SKILL, "orders that depend on the order given", moved),
        never(SKILL, "scores lowered by one more answer", lower),
    ]


def drawn(seed: int, number: int) -> World:
    rng = np.random.default_rng([seed, number, 77])
    true = rng.beta(MEAN * PRECISION, (1 - MEAN) * PRECISION, CONTACTS)
    sent = rng.integers(1, PITCHES + 1, CONTACTS)
    return World(true, sent, rng.binomial(sent, true))


def chances(world: World) -> np.ndarray:
    """Return what the library expects of each contact."""
    counts = [(int(k), int(n)) for k, n in zip(world.answered, world.sent, strict=True)]
    groups = [{"type": "radio", "k": k, "n": n, "many": counts.count((k, n))} for k, n in sorted(set(counts))]
    priors = fitted(groups)
    return np.array([expected(Past(k, n), priors.get("radio", priors[OTHERS]))["mean"] for k, n in counts])


def compared(world: World, ours: np.ndarray) -> tuple[float, float, float, float]:
    """Return the errors and the gains: raw, ours, raw, ours."""
    raw = world.answered / world.sent
    errors = [float(np.sqrt(((one - world.true) ** 2).mean())) for one in (raw, ours)]
    gains = [ndcg(np.argsort(-one, kind="stable"), world.true, SHOWN) for one in (raw, ours)]
    return errors[0], errors[1], gains[0], gains[1]


def ndcg(order: np.ndarray, worth: np.ndarray, shown: int) -> float:
    """Return the discounted gain of an order against the best one (Järvelin, Kekäläinen 2002)."""
    discount = 1 / np.log2(np.arange(2, shown + 2))
    best = (np.sort(worth)[::-1][:shown] * discount[: len(worth)]).sum()
    found = worth[order[:shown]]
    return float((found * discount[: len(found)]).sum() / best) if best else 1.0


class Desk(NamedTuple):
    """A world in the tables: whose it is, its contacts, and a pitch of each that was not answered."""

    user: UUID
    contacts: list[Json]
    silent: dict[str, UUID]


async def _desk(bench: Bench, world: World) -> Desk:
    user = uuid4()
    contacts: list[Json] = [
        {"id": uuid4(), "user_id": user, "type": "radio", "imported_at": NOW, "seq": 1} for _ in world.true
    ]
    pitches: list[Json] = [
        {
            "id": uuid4(),
            "user_id": user,
            "campaign_id": uuid4(),
            "contact_id": one["id"],
            "sent_at": AGO,
            "last_sent_at": AGO,
            "sends": 1,
            "replied_at": AGO + timedelta(days=2) if number < k else None,
        }
        for one, n, k in zip(contacts, world.sent, world.answered, strict=True)
        for number in range(n)
    ]
    await bench.load({"contacts": contacts, "pitches": pitches})
    silent = {str(one["contact_id"]): one["id"] for one in pitches if one["replied_at"] is None}
    return Desk(user, [{"id": str(one["id"]), "type": "radio"} for one in contacts], silent)


async def _scored(bench: Bench, desk: Desk, contacts: list[Json]) -> list[Json]:
    found: list[Json] = (await bench.run(SKILL, {"contacts": contacts}, user=desk.user))["contacts"]
    return found


async def _same_through_tables(bench: Bench, desk: Desk, ours: np.ndarray) -> list[Json]:
    found = await _scored(bench, desk, desk.contacts)
    told = {one["id"]: one["history"]["mean"] for one in found}
    in_order = np.array([told[one["id"]] for one in desk.contacts])
    by_score = [told[one["id"]] for one in sorted(found, key=lambda one: -one["relevance_score"])]
    if not np.allclose(in_order, ours) or by_score != sorted(by_score, reverse=True):
        raise AssertionError(f"{SKILL}: its tables and its library do not agree")
    return found


async def _shuffled(bench: Bench, desk: Desk, found: list[Json], seed: int) -> int:
    rng = np.random.default_rng([seed, 78])
    turned = [[desk.contacts[n] for n in rng.permutation(CONTACTS)] for _ in range(CHANGES)]
    return sum([await _scored(bench, desk, one) != found for one in turned])


async def _with_one_more(bench: Bench, desk: Desk, found: list[Json], seed: int) -> int:
    """Let contacts answer once more, one at a time; return how many scores fall."""
    rng = np.random.default_rng([seed, 79])
    before = {one["id"]: one["relevance_score"] for one in found}
    lowered = 0
    for who in rng.choice(sorted(desk.silent), CHANGES, replace=False):
        pitch = desk.silent[str(who)]
        await bench.execute("UPDATE pitches SET replied_at = $2 WHERE id = $1", pitch, AGO)
        after = {one["id"]: one["relevance_score"] for one in await _scored(bench, desk, desk.contacts)}
        await bench.execute("UPDATE pitches SET replied_at = NULL WHERE id = $1", pitch)
        lowered += after[str(who)] < before[str(who)]
    return lowered
