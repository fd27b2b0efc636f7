"""Whether series rise or fall: slopes that outliers do not move, and a test that knows of memory."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc

from library.memory import MEMORIES, likelihood, weights

FEWEST = 8
SURE = 0.95
WIDEST = 0.95


class Slope(NamedTuple):
    """Per step: the middle slope, its 95 % bounds, and how likely as much of a trend is by chance."""

    middle: float
    low: float
    high: float
    p: float


class Pairs(NamedTuple):
    """The slope between each two points, sorted, and Kendall's score of a series."""

    slopes: np.ndarray
    score: float
    most: int


def slope(values: np.ndarray) -> Slope:
    """Measure one series that has no like."""
    return slopes([values])[0]


def slopes(series: Sequence[np.ndarray]) -> list[Slope]:
    """Theil-Sen slopes (Sen 1968) and Mann-Kendall tests of series that are measured alike.

    Memory widens the test's variance as Hamed, Rao 1998 have it; how much memory there is, is not known, and
    each is taken as likely as `library.memory` says. Values at equal steps, NaN where one is missing;
    ValueError for fewer than eight.
    """
    at = [np.flatnonzero(~np.isnan(values)) for values in series]
    if any(len(where) < FEWEST for where in at):
        raise ValueError(f"a slope needs {FEWEST} points")
    given = [values[where].astype(float) for values, where in zip(series, at, strict=True)]
    pairs = [_pairs(where, values) for where, values in zip(at, given, strict=True)]
    told = [
        likelihood(where, (values - np.median(two.slopes) * where) / (np.abs(values).max() or 1))
        for where, values, two in zip(at, given, pairs, strict=True)
    ]
    chances = weights(told) if told else ()
    return [_slope(two, values, by) for two, values, by in zip(pairs, given, chances, strict=True)]


def _pairs(at: np.ndarray, values: np.ndarray) -> Pairs:
    first, last = np.triu_indices(len(at), 1)
    rises = values[last] - values[first]
    return Pairs(
        np.sort(rises / (at[last] - at[first])), float(np.sign(rises).sum()), np.count_nonzero(rises)
    )


def _slope(pairs: Pairs, values: np.ndarray, chances: np.ndarray) -> Slope:
    middle = float(np.median(pairs.slopes))
    if not pairs.most:
        return Slope(middle, middle, middle, 1.0)
    variances = np.minimum(_variance(values) * _widening(len(values)), WIDEST * pairs.most**2)

    def by_chance(score: float) -> float:
        """Return how likely a score as far from 0 is: it has an end, so it is beta and not normal."""
        shape = (pairs.most**2 / variances - 1) / 2
        beyond = (1 - max(score - 1, 0.0) / pairs.most) / 2
        return float(2 * chances @ betainc(shape, shape, beyond))

    reach = brentq(lambda score: by_chance(score) - (1 - SURE), 1, pairs.most + 1)
    ends = (len(pairs.slopes) + reach * np.array([-1, 1])) / 2
    low, high = np.clip([np.floor(ends[0]) - 1, np.ceil(ends[1])], 0, len(pairs.slopes) - 1).astype(int)
    return Slope(middle, float(pairs.slopes[low]), float(pairs.slopes[high]), by_chance(abs(pairs.score)))


def _variance(values: np.ndarray) -> float:
    n = len(values)
    ties = np.unique(values, return_counts=True)[1]
    return float(n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18


def _widening(n: int) -> np.ndarray:
    """Return how many times wider each memory makes the variance, as if no step were missing."""
    lags = np.arange(1, n)
    of_ranks = 6 / np.pi * np.arcsin(MEMORIES[:, None] ** lags / 2)
    added = ((n - lags) * (n - lags - 1) * (n - lags - 2) * of_ranks).sum(axis=1)
    return np.asarray(1 + 2 * added / (n * (n - 1) * (n - 2)))
