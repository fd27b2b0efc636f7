"""Curves of waiting against the truth behind them, chances of being the best group, and automatic replies.

Curves (of campaigns of two weeks) and groups are judged by the skill's library; one world of each seed goes
through the tables too. Replies are 300 labelled ones (`labelled/replies.tsv`, fictional), held out from the
examples that are learnt from.
"""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid5

import numpy as np

from campaigns.replies import category_of, labelled
from library.logistic import calibration_error
from library.responses import compared, curve_of, grouped, groups, survival
from quality.generator import SPACE, TYPES
from quality.harness import NOW, Bench
from quality.row import Row, at_least, at_most, between, interval, mean

SKILL = "analyze-responses"
REPLIES = Path(__file__).parent / "labelled" / "replies.tsv"
WORLDS, PITCHES, OLD, YOUNG = 150, 400, 60.0, 14.0
MEAN_RATE, SHAPE = 0.1, 0.9
SPREADS = (15.0, 60.0, 1e6)
BEST_BAR, ALIKE_BAR = 0.05, 0.075
LOWEST, HIGHEST = 0.93, 0.98
PRECISION_BAR, RECALL_BAR, RIGHT_BAR = 0.9, 0.7, 0.65
TIMES = ("bounced_at", "positive_at", "placed_at", "declined_at")

Json = dict[str, Any]
Errors = tuple[list[float], list[float], list[bool]]


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """Compare with shares of all that was sent, with the highest raw rate, and with three fixed phrases."""
    curves, best, alike = [], [], []
    for seed in seeds:
        for number in range(WORLDS):
            rows, truth, _ = drawn(seed, number, OLD)
            curves.append(_curve(*drawn(seed, number, YOUNG)))
            best += _best(rows, truth)
            if len(set(truth.values())) == 1:
                alike.append(compared(grouped(rows, "type"), NOW, "type").p < 0.05)
        await _same_through_tables(bench, seed)
    told_apart = at_most(SKILL, "alike groups told apart", mean(alike), ALIKE_BAR, of=alike)
    return [*_of_curves(curves), _of_best(best), told_apart, *_of_replies()]


def drawn(seed: int, number: int, oldest: float) -> tuple[list[Json], dict[str, float], float]:
    """Draw pitches of up to so many days, the rate of each type of contact, and how slow answers are."""
    rng = np.random.default_rng([seed, number, 21])
    spread = SPREADS[number % len(SPREADS)]
    mean = float(rng.uniform(0.5, 1.5)) * MEAN_RATE
    truth = {kind: float(rng.beta(mean * spread, (1 - mean) * spread)) for kind in TYPES}
    if spread == SPREADS[-1]:
        truth = dict.fromkeys(TYPES, mean)
    scale, user = float(rng.uniform(2.0, 6.0)), uuid5(SPACE, f"responses/{seed}/{number}")
    kinds = rng.choice(list(TYPES), PITCHES)
    ages, delays = rng.uniform(0.0, oldest, PITCHES), scale * rng.weibull(SHAPE, PITCHES)
    answers = rng.random(PITCHES) < np.array([truth[kind] for kind in kinds])
    rows = []
    for place, (kind, age, delay, answer) in enumerate(zip(kinds, ages, delays, answers, strict=True)):
        sent = NOW - timedelta(days=float(age))
        at = sent + timedelta(days=float(delay)) if answer and delay <= age else None
        id_ = uuid5(user, f"pitch/{place}")
        same = {"id": id_, "contact_id": uuid5(id_, "contact"), "user_id": user}
        when = {**dict.fromkeys(TIMES), "sent_at": sent, "replied_at": at}
        rows.append({**same, "type": str(kind), **when})
    return rows, truth, scale


def _curve(
    rows: list[Json], truth: dict[str, float], scale: float
) -> tuple[list[float], list[float], list[bool]]:
    """Return the curve's errors, those of shares of all that was sent, and where intervals hold the truth."""
    shares = np.mean([truth[row["type"]] for row in rows])
    delays = [(row["replied_at"] - row["sent_at"]) / timedelta(days=1) for row in rows if row["replied_at"]]
    ours, naive, held = [], [], []
    for point in survival(curve_of(rows, NOW))["curve"]:
        true = float(shares * (1 - np.exp(-((point["day"] / scale) ** SHAPE))))
        ours.append(point["share"] - true)
        naive.append(sum(delay <= point["day"] for delay in delays) / len(rows) - true)
        held.append(point["lo"] <= true <= point["hi"])
    return ours, naive, held


def _best(rows: list[Json], truth: dict[str, float]) -> list[tuple[float, bool, bool]]:
    """Return of each group how likely it is said to be the best, whether it is, and has the highest rate."""
    if len(set(truth.values())) == 1:
        return []
    told = groups(grouped(rows, "type"), NOW)
    best, first = max(truth, key=truth.__getitem__), max(told, key=lambda one: one["rate"]["mean"])["key"]
    return [(one["p_best"], one["key"] == best, one["key"] == first) for one in told]


def _of_curves(curves: list[Errors]) -> list[Row]:
    ours = np.array([np.sqrt(np.mean(np.square(one))) for one, _, _ in curves])
    naive = np.array([np.sqrt(np.mean(np.square(one))) for _, one, _ in curves])
    held = [mean(one) for _, _, one in curves]
    bias = abs(mean([one[-1] for one, _, _ in curves]))
    naive_bias = abs(mean([one[-1] for _, one, _ in curves]))
    return [
        Row(
            SKILL,
            "error of the curve",
            float(naive.mean()),
            float(ours.mean()),
            *interval(ours - naive),
            "below baseline",
            interval(ours - naive)[1] < 0,
        ),
        Row(
            SKILL,
            "bias of its end",
            naive_bias,
            bias,
            None,
            None,
            "≤ 0.25 of baseline",
            bias <= 0.25 * naive_bias,
        ),
        between(SKILL, "coverage of the curve", held, LOWEST, HIGHEST),
    ]


def _of_best(best: list[tuple[float, bool, bool]]) -> Row:
    told, true, first = (np.array(side, dtype=float) for side in zip(*best, strict=True))
    error, naive = calibration_error(told, true), calibration_error(first, true, 2)
    return at_most(SKILL, "calibration error of “best”", error, BEST_BAR, baseline=naive)


def _of_replies() -> list[Row]:
    replies = labelled(REPLIES.read_text(encoding="utf-8"))
    true = [kind == "auto" for kind, _ in replies]
    told = [category_of(words) for _, words in replies]
    phrases = ("out of office", "out of the office", "automatic reply")
    naive = [any(one in words.casefold() for one in phrases) for _, words in replies]
    precision, recall = _precision_recall([kind == "auto" for kind in told], true)
    naive_precision, naive_recall = _precision_recall(naive, true)
    right = mean([kind == one for one, (kind, _) in zip(told, replies, strict=True)])
    usual, automatic = mean([kind == "interested" for kind, _ in replies]), " of automatic replies"
    return [
        at_least(SKILL, f"precision{automatic}", precision, PRECISION_BAR, baseline=naive_precision),
        at_least(SKILL, f"recall{automatic}", recall, RECALL_BAR, baseline=naive_recall),
        at_least(SKILL, "replies of the right kind", right, RIGHT_BAR, baseline=usual),
    ]


def _precision_recall(told: Sequence[bool], true: Sequence[bool]) -> tuple[float, float]:
    both = sum(one and other for one, other in zip(told, true, strict=True))
    return both / max(sum(told), 1), both / sum(true)


async def _same_through_tables(bench: Bench, seed: int) -> None:
    rows, _, _ = drawn(seed, 0, OLD)
    user = rows[0]["user_id"]
    act = uuid5(user, "campaign")
    contacts = [{"id": row["contact_id"], "user_id": user, "type": row["type"]} for row in rows]
    pitches = [
        {
            **{name: row[name] for name in ("id", "user_id", "contact_id", "sent_at", "replied_at")},
            "campaign_id": act,
            "sends": 1,
        }
        for row in rows
    ]
    await bench.load({"campaigns": [{"id": act, "user_id": user}], "contacts": contacts, "pitches": pitches})
    output = await bench.run(SKILL, {"campaign_id": str(act)}, user=user)
    told = groups(grouped(rows, "type"), NOW)
    if output["groups"] != told or output["time_to_reply"] != survival(curve_of(rows, NOW)):
        raise AssertionError(f"{SKILL}: its tables tell something else than its library")
