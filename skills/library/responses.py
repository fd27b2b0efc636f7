"""Answers by group and over time: rates, how likely each group is the best, and how long answers take."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np

from library import music
from library.localtime import WEEKDAYS, local
from library.outcomes import HORIZON_DAYS, answered, delivered, mature, watched
from library.rates import wilson
from library.seeds import generator
from library.shrinking import rate_draws
from library.spelling import usual
from library.survival import FEWEST_ANSWERS, Curve, LogRank, kaplan_meier, log_rank

UNKNOWN = "unknown"
MOST_GROUPS = 40
POINTS = (0.25, 0.5, 1, 2, 3, 5, 7, 10, 14, HORIZON_DAYS)
OVERLAPPING = {"genre": "genres", "region": "regions"}
WRITTEN_MANY_WAYS = {"genre": music.genre_key, "region": music.place_key, "outlet": music.key}

Json = dict[str, Any]


def keys_of(row: Json, group_by: str) -> list[str]:
    """Return the groups a pitch belongs to: several where a contact has several genres or regions."""
    if group_by in OVERLAPPING:
        return sorted(set(row[OVERLAPPING[group_by]] or ())) or [UNKNOWN]
    if group_by == "weekday":
        return [WEEKDAYS[local(row["sent_at"], row["timezone"]).weekday()]]
    return [row[group_by] or UNKNOWN]


def grouped(rows: Iterable[Json], group_by: str) -> dict[str, list[Json]]:
    """Return the largest groups, at most forty, the largest first."""
    return largest(all_groups(rows, group_by))


def largest(split: dict[str, list[Json]]) -> dict[str, list[Json]]:
    return dict(islice(split.items(), MOST_GROUPS))


def all_groups(rows: Iterable[Json], group_by: str) -> dict[str, list[Json]]:
    """Return the groups, the largest first.

    Synth-Pop and synthpop are one, and so are GB and UK, under the name that is written most often.
    """
    fold = lru_cache(None)(WRITTEN_MANY_WAYS.get(group_by, str))
    found: dict[str, list[Json]] = defaultdict(list)
    written = Counter[str]()
    for row in rows:
        names = keys_of(row, group_by)
        written.update(names)
        for key in dict.fromkeys(map(fold, names)):
            found[key].append(row)
    shown = usual(written, fold)
    largest_first = sorted(found, key=lambda key: (-len(found[key]), shown[key]))
    return {shown[key]: found[key] for key in largest_first}


def groups(split: dict[str, list[Json]], now: datetime) -> list[Json]:
    """Return each group's rate among mature pitches; the most promising first."""
    settled = {key: mature(rows, now) for key, rows in split.items()}
    counts = {key: (sum(map(answered, rows)), len(rows)) for key, rows in settled.items() if rows}
    if not counts:
        return []
    k, n = (np.array(side) for side in zip(*counts.values(), strict=True))
    draws = rate_draws(k, n, generator("groups", sorted(counts.items())))
    best = np.bincount(draws.argmax(axis=1), minlength=len(counts)) / len(draws)
    made = [
        {"key": key, "rate": wilson(*count), "shrunk": float(mean), "p_best": float(p)}
        for (key, count), mean, p in zip(counts.items(), draws.mean(axis=0), best, strict=True)
    ]
    return sorted(made, key=lambda one: (-one["shrunk"], one["key"]))


def curve_of(rows: list[Json], now: datetime) -> Curve:
    """Return the curve of waiting for an answer, young pitches counted as far as they were watched."""
    seen = watched(rows, now)
    return kaplan_meier(seen.days, seen.answered)


def survival(curve: Curve) -> Json:
    quartiles = {"p25_days": 0.25, "median_days": 0.5, "p75_days": 0.75}
    found = {name: curve.delay_quantile(share) for name, share in quartiles.items()}
    return {
        **{name: day for name, day in found.items() if day is not None},
        "plateau": curve.plateau,
        "curve": [_point(curve, day) for day in POINTS if curve.tells(day)],
    }


def unwatched(curve: Curve) -> list[str]:
    """Say so, where few answered, or the curve ends before the horizon: slower answers are still to come."""
    few = ["too few answers to say how soon they come"] if 0 < curve.answered < FEWEST_ANSWERS else []
    if not curve.n or curve.tells(HORIZON_DAYS):
        return few
    end = "a day" if curve.end < 1 else f"{curve.end:.1f} days"
    return [*few, f"too few pitches are older than {end}: what takes longer is not known yet"]


def compared(split: dict[str, list[Json]], now: datetime, group_by: str) -> LogRank:
    """Compare groups; many pitches to one contact say little of others, but much of its outlet."""
    seen = [watched(rows, now) for rows in split.values()]
    whose = [[row["contact_id"] for row in delivered(rows)] for rows in split.values()]
    curves = [(one.days, one.answered) for one in seen]
    return log_rank(curves, None if group_by == "outlet" else whose)


def _point(curve: Curve, day: float) -> Json:
    low, high = curve.interval_at(day)
    return {"day": day, "share": curve.answered_by(day), "lo": low, "hi": high}
