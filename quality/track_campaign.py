"""Whether intervals hold the truth, whether young campaigns are seen through, whether counts are exact.

Coverage of what was answered is exact: every count that can come is weighed by its probability, so that no
luck of a draw is in it. At one rate and one size it jumps with the counts that fit (Brown, Cai, DasGupta
2001), so there its mean over sizes is judged, and each size over rates that are drawn. The eventual share is
judged on campaigns of a week by the skill's library; one of each seed goes through the tables too. Counts are
judged on logs with events doubled, late, in any order and taken back, folded as the projector folds them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

import numpy as np
from scipy.special import bdtr

from library.campaign_numbers import FUNNEL, Side, rates
from library.eventual import Ages, delay_counts, expected_eventual
from library.outcomes import HORIZON_DAYS
from quality.generator import SPACE
from quality.harness import NOW, Bench
from quality.planted.logs import LOGS, Planted, pitches_of, planted
from quality.row import Row, between, interval, mean, never

SKILL = "track-campaign"
SIZES = (10, 15, 20, 30, 50, 75, 100, 150, 200)
RARE = 0.03
RATES, MEAN_RATE, PRECISION = 60, 0.1, 12.0
LOWEST, HIGHEST = 0.93, 0.98
YOUNG_SIZES, YOUNG, WEEK, BEFORE = (10, 20, 50, 100, 200), 60, 7.0, 400
BIAS_BAR = 0.5
NO_AGES = Ages(np.zeros(0), np.zeros(0), np.zeros(0))

Json = dict[str, Any]
Bounds = tuple[np.ndarray, np.ndarray]
Sent = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True)
class Young:
    """A young campaign and an old one: ages of pitches, delays of their answers; not a number for none."""

    truth: float
    before: Sent
    sent: Sent


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """Compare with Wald's interval, with what was answered so far, and with counting events as they come."""
    rng = np.random.default_rng([*seeds, 11])
    drawn = rng.beta(MEAN_RATE * PRECISION, (1 - MEAN_RATE) * PRECISION, RATES * len(seeds))
    return [
        _covered(f"coverage at a rate of {RARE}, n 10 to 200", np.array([RARE]), each=False),
        _covered("coverage over rates drawn, n 10 to 200", drawn, each=True),
        *await _eventual(bench, seeds),
        await _counts(bench, seeds),
    ]


def coverage(bounds: Bounds, share: float) -> float:
    """Return how often the interval of each count that can come holds the share."""
    low, high = bounds
    n = len(low) - 1
    at_most = bdtr(np.arange(n + 1), n, share)
    chance = np.diff(np.concatenate([[0.0], at_most]))
    return float(chance[(low <= share) & (share <= high)].sum())


def ours(n: int) -> Bounds:
    """Return the bounds that the skill tells for 0 to n answers."""
    funnels = [{**dict.fromkeys(FUNNEL, 0), "sent": n, "replied": k} for k in range(n + 1)]
    told = [rates(Side(funnel, NO_AGES, {})) for funnel in funnels]
    return tuple(np.array([one[0]["rate"][side] for one in told]) for side in ("lo", "hi"))  # type: ignore[return-value]


def wald(n: int) -> Bounds:
    share = np.arange(n + 1) / n
    half = 1.96 * np.sqrt(share * (1 - share) / n)
    return share - half, share + half


def _covered(what: str, shares: np.ndarray, *, each: bool) -> Row:
    """Judge the mean over sizes, or each size; the interval is the span over sizes."""
    by_size = [mean([coverage(ours(n), share) for share in shares]) for n in SIZES]
    naive = [mean([coverage(wald(n), share) for share in shares]) for n in SIZES]
    low, high = min(by_size), max(by_size)
    passed = low >= LOWEST and high <= HIGHEST if each else LOWEST <= mean(by_size) <= HIGHEST
    bar = f"{LOWEST} to {HIGHEST}{' at each n' if each else ''}"
    return Row(SKILL, what, mean(naive), mean(by_size), low, high, bar, passed)


def _young(seed: int, number: int) -> list[Young]:
    """Draw campaigns that were sent within a week, one of each size, and what is known of delays."""
    rng = np.random.default_rng([seed, number, 3])
    share, scale = float(rng.beta(MEAN_RATE * PRECISION, (1 - MEAN_RATE) * PRECISION)), rng.uniform(2.0, 6.0)
    truth = share * float(1 - np.exp(-((HORIZON_DAYS / scale) ** 0.9)))
    before = _sent(rng, rng.uniform(30.0, 120.0, BEFORE), share, scale)
    return [Young(truth, before, _sent(rng, rng.uniform(0.0, WEEK, n), share, scale)) for n in YOUNG_SIZES]


def _sent(rng: np.random.Generator, ages: np.ndarray, share: float, scale: float) -> Sent:
    delays = scale * rng.weibull(0.9, len(ages))
    return ages, np.where((rng.random(len(ages)) < share) & (delays <= ages), delays, np.nan)


def _told(young: Young) -> Json:
    """Ask the skill's library, ages and delays rounded as the tables give them."""
    ages, delays = young.sent
    known = young.before[1][young.before[1] <= HORIZON_DAYS]
    rounded = np.minimum(np.round(ages * 10) / 10, HORIZON_DAYS)
    one = Ages(rounded, np.ones(len(ages)), (~np.isnan(delays)).astype(float))
    return expected_eventual(one, delay_counts(np.round(known * 24) / 24))


async def _same_through_tables(bench: Bench, seed: int, young: Young) -> None:
    user = uuid5(SPACE, f"young/{seed}")
    acts = [uuid5(user, name) for name in ("young", "before")]
    pitches = [*_rows(user, acts[0], young.sent), *_rows(user, acts[1], young.before)]
    campaigns = [{"id": act, "user_id": user, "name": "Campaign"} for act in acts]
    await bench.load({"campaigns": campaigns, "pitches": pitches})
    output = await bench.run(SKILL, {"campaign_id": str(acts[0])}, user=user)
    found, told = output["expected_eventual"], _told(young)
    if any(abs(found[side] - told[side]) > 1e-9 for side in ("mean", "lo", "hi")):
        raise AssertionError(f"{SKILL}: {found} from tables, {told} from its library")


def _rows(user: UUID, act: UUID, sent: Sent) -> list[Json]:
    made = []
    for number, (age, delay) in enumerate(zip(*sent, strict=True)):
        at = NOW - timedelta(days=float(age))
        answer = None if np.isnan(delay) else at + timedelta(days=float(delay))
        row = {"id": uuid5(act, f"pitch/{number}"), "user_id": user, "campaign_id": act, "sent_at": at}
        contact = uuid5(user, f"contact/{number}")
        made.append({**row, "contact_id": contact, "last_sent_at": at, "sends": 1, "replied_at": answer})
    return made


async def _eventual(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    young = [one for seed in seeds for number in range(YOUNG) for one in _young(seed, number)]
    for seed in seeds:
        await _same_through_tables(bench, seed, _young(seed, 0)[-1])
    told = [_told(one) for one in young]
    truth = np.array([one.truth for one in young])
    told_share = np.array([one["mean"] for one in told])
    far = np.array([float((~np.isnan(one.sent[1])).mean()) for one in young])
    held = [one["lo"] <= true <= one["hi"] for one, true in zip(told, truth, strict=True)]
    naive, bias = abs(mean(far - truth)), abs(mean(told_share - truth))
    what = "bias of the eventual share"
    return [
        Row(
            SKILL,
            what,
            naive,
            bias,
            *interval(told_share - truth),
            "≤ half of naive",
            bias <= BIAS_BAR * naive,
        ),
        between(SKILL, "coverage of the eventual share", held, LOWEST, HIGHEST),
    ]


async def _counts(bench: Bench, seeds: Sequence[int]) -> Row:
    wrong, naive = 0, 0
    for seed in seeds:
        for number in range(LOGS):
            log = planted(seed, number)
            await bench.load({"campaigns": [log.campaign], "pitches": pitches_of(log)})
            found = await bench.run(SKILL, {"campaign_id": str(log.campaign["id"])}, user=log.user)
            wrong += found["funnel"] != log.truth
            naive += _as_they_come(log) != log.truth
    total = len(seeds) * LOGS
    return never(SKILL, f"logs miscounted, of {total}", wrong, naive)


def _as_they_come(log: Planted) -> dict[str, int]:
    """Count events as the obvious shortcut does: each one that is told."""
    counts = dict.fromkeys(FUNNEL, 0)
    for event in log.events:
        kind = getattr(event, "kind", None)
        counts[kind] = counts.get(kind, 0) + 1
    return {name: counts[name] for name in FUNNEL}
