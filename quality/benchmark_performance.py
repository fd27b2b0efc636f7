"""Where artists truly stand among others, and whether what is told holds; and nine that must not be told.

Each artist has a true rate of answers, and a true middle of the days they take, which are Weibull-like.
Nine who opted in are no cohort: whatever they did, no answer to anybody may change with it.
"""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import numpy as np

from library.references import REPLY_RATES
from quality.harness import NOW, Bench
from quality.row import Row, at_most, between, interval, mean, never

Json = dict[str, Any]

SKILL, PATTERNS = "benchmark-performance", "identify-patterns"
METRICS = ("reply_rate", "placement_rate", "days_to_reply")
ARTISTS, WORLDS = 30, 3
FEWEST, MOST = 5, 250
MEAN, PRECISION = 0.08, 20.0
DAYS, SPREAD_OF_DAYS, SHAPE = 4.0, 0.5, 0.9
COVERAGE, WIDTH = (0.93, 0.99), 0.95
SAME, ROUNDED = 0.03, 0.001
COHORT = "UPDATE artists SET in_cohort = id = ANY($1::uuid[])"


class Act(NamedTuple):
    """An artist of a user's own: the true rate and days, and the rows."""

    user: UUID
    artist: Json
    campaign: Json
    pitches: list[Json]
    rate: float
    days: float

    @property
    def rows(self) -> dict[str, list[Json]]:
        return {"artists": [self.artist], "campaigns": [self.campaign], "pitches": self.pitches}


class Asked(NamedTuple):
    """Of one artist: whether the interval holds the truth, its width, how far off we and raw ranks are."""

    holds: bool
    width: float
    error: float
    raw_error: float


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """Ask as each artist of each world; the baseline ranks by what was counted."""
    asked: dict[str, list[Asked]] = {"reply_rate": [], "days_to_reply": []}
    leaks, shown, mixed = 0, 0, 0
    for seed in seeds:
        for number in range(WORLDS):
            acts = [act(np.random.default_rng([seed, number, n])) for n in range(ARTISTS)]
            await _load(bench, acts)
            await _cohort(bench, acts)
            for metric, found in asked.items():
                counted = [one for one in acts if _counted(one, metric) is not None]
                found += [await _asked(bench, counted, me, metric) for me in counted]
        mixed += await _mixed_in(bench, acts)
        leaks += await _leaks(bench, seed)
        shown += await _is_shown(bench, seed)
    return [
        *(_covered(metric, found) for metric, found in asked.items()),
        *(_narrow(metric, found) for metric, found in asked.items()),
        _nearer("reply_rate", asked["reply_rate"]),
        never(SKILL, "answers that change with nine strangers'", leaks),
        Row(SKILL, "cohorts of ten shown", None, shown / len(seeds), None, None, "1", shown == len(seeds)),
        never(SKILL, "places that published figures move", mixed),
    ]


def act(rng: np.random.Generator, *, genre: str = "synthpop", silent: bool = False) -> Act:
    """Draw an artist with mature pitches; one that is silent has no answer yet."""
    user = uuid4()
    rate = float(rng.beta(MEAN * PRECISION, (1 - MEAN) * PRECISION))
    days = float(DAYS * np.exp(rng.normal(0, SPREAD_OF_DAYS)))
    artist = {
        "id": uuid4(),
        "user_id": user,
        "name": "Act",
        "genres": [genre],
        "mine": True,
    }
    campaign = {"id": uuid4(), "user_id": user, "artist_id": artist["id"], "name": "Campaign"}
    pitches = []
    for _ in range(round(np.exp(rng.uniform(np.log(FEWEST), np.log(MOST))))):
        sent = NOW - timedelta(days=float(rng.uniform(100, 300)))
        row = {
            "id": uuid4(),
            "user_id": user,
            "campaign_id": campaign["id"],
            "contact_id": uuid4(),
            "sent_at": sent,
        }
        if rng.random() < rate and not silent:
            at = sent + timedelta(days=days * float(rng.weibull(SHAPE)) / np.log(2) ** (1 / SHAPE))
            row |= {"replied_at": at, "placed_at": at}
        pitches.append(row)
    return Act(user, artist, campaign, pitches, rate, days)


async def _load(bench: Bench, acts: Sequence[Act]) -> None:
    for one in acts:
        await bench.load(one.rows)


async def _cohort(bench: Bench, acts: Sequence[Act]) -> None:
    """Let these alone have opted in."""
    await bench.execute(COHORT, [one.artist["id"] for one in acts])


async def _asked(bench: Bench, acts: Sequence[Act], me: Act, metric: str) -> Asked:
    """Ask as one of those who have a result; for days, less is better."""
    given = {"artist_id": str(me.artist["id"]), "metric": metric}
    place = (await bench.run(SKILL, given, user=me.user))["percentile"]
    others = [one for one in acts if one is not me]
    true = np.mean([_worse(one, me, metric) for one in others])
    mine, fewer = _counted(me, metric), metric != "days_to_reply"
    raw = np.mean([(_counted(one, metric) < mine) == fewer for one in others])
    return Asked(
        bool(place["lo"] - ROUNDED <= true <= place["hi"] + ROUNDED),
        place["hi"] - place["lo"],
        float(abs(place["mean"] - true)),
        float(abs(raw - true)),
    )


def _counted(one: Act, metric: str) -> Any:
    """Return the observed result, None where there is none."""
    answered = [row for row in one.pitches if row.get("replied_at")]
    if metric == "reply_rate":
        return len(answered) / len(one.pitches)
    waits = [np.log((row["replied_at"] - row["sent_at"]).total_seconds()) for row in answered]
    return float(np.mean(waits)) if waits else None


def _worse(one: Act, me: Act, metric: str) -> bool:
    return one.days > me.days if metric == "days_to_reply" else one.rate < me.rate


async def _mixed_in(bench: Bench, acts: Sequence[Act]) -> int:
    """Count places that differ where every answer is a placement, for which nothing is published."""
    moved = 0
    for me in acts[:5]:
        given = {"artist_id": str(me.artist["id"])}
        told = [
            await bench.run(SKILL, {**given, "metric": name}, user=me.user)
            for name in ("reply_rate", "placement_rate")
        ]
        sides = [[one["percentile"]["mean"], *one["cohort"].values()] for one in told]
        moved += not np.allclose(*sides, atol=SAME)
        moved += told[0]["references"] != REPLY_RATES or bool(told[1]["references"])
    return moved


async def _leaks(bench: Bench, seed: int) -> int:
    """Count questions whose answer is another one when nine strangers did otherwise."""
    me = act(np.random.default_rng([seed, 901]))
    await _load(bench, [me])
    rounds = [await _answers(bench, me, np.random.default_rng([seed, turn])) for turn in (902, 903)]
    return sum(one != other for one, other in zip(*rounds, strict=True))


async def _answers(bench: Bench, me: Act, rng: np.random.Generator) -> list[str]:
    """Ask whatever shows a cohort, while nine of those who opted in have something to show."""
    nine = [act(rng) for _ in range(9)]
    idle, silent, other = act(rng)._replace(pitches=[]), act(rng, silent=True), act(rng, genre="metal")
    await _load(bench, [*nine, idle, silent, other])
    told = []
    for cohort in (nine, [*nine, idle], [*nine, me]):
        await _cohort(bench, cohort)
        told += [await _told(bench, me, SKILL, metric=metric) for metric in METRICS]
        told += [
            await _told(bench, me, PATTERNS, scope="cohort", outcome=one) for one in ("replied", "placed")
        ]
    await _cohort(bench, [*nine, other])
    told += [
        await _told(bench, me, SKILL, metric=metric, cohort={"genres": ["synthpop"]}) for metric in METRICS
    ]
    await _cohort(bench, [*nine, silent])
    return [*told, await _told(bench, me, SKILL, metric="days_to_reply")]


async def _told(bench: Bench, me: Act, skill: str, **given: Any) -> str:
    return json.dumps(await bench.run(skill, given, user=me.user), sort_keys=True)


async def _is_shown(bench: Bench, seed: int) -> bool:
    """Whether a cohort of ten is, with oneself beside."""
    acts = [act(np.random.default_rng([seed, 904, n])) for n in range(11)]
    await _load(bench, acts)
    await _cohort(bench, acts[1:])
    return "cohort" in await bench.run(SKILL, {}, user=acts[0].user)


def _covered(metric: str, found: list[Asked]) -> Row:
    held = [one.holds for one in found]
    return between(SKILL, f"intervals that hold the true place, {metric}", held, *COVERAGE)


def _narrow(metric: str, found: list[Asked]) -> Row:
    widths = [one.width for one in found]
    return at_most(SKILL, f"width of these, {metric}", mean(widths), WIDTH, baseline=1.0, of=widths)


def _nearer(metric: str, found: list[Asked]) -> Row:
    ours, raw = [one.error for one in found], [one.raw_error for one in found]
    low, high = interval(np.array(raw) - np.array(ours))
    what = f"error of the place, {metric}"
    return Row(SKILL, what, mean(raw), mean(ours), low, high, "below raw", low > 0)
