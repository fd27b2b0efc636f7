"""Whether a series rises or falls: a slope that outliers do not move, and a test that knows of memory."""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, ndtri

FEWEST = 8
SURE = 0.95


class Slope(NamedTuple):
    """Per step: the middle slope, its 95 % bounds, and how likely as much of a trend is by chance."""

    middle: float
    low: float
    high: float
    p: float


def slope(values: np.ndarray) -> Slope:
    """Theil-Sen slope (Sen 1968) and Mann-Kendall test, its variance after Hamed, Rao 1998.

    `values` at equal steps, NaN where one is missing; ValueError for fewer than eight.
    """
    at = np.flatnonzero(~np.isnan(values))
    if len(at) < FEWEST:
        raise ValueError(f"a slope needs {FEWEST} points")
    given = values[at].astype(float)
    first, last = np.triu_indices(len(at), 1)
    slopes = np.sort((given[last] - given[first]) / (at[last] - at[first]))
    middle = float(np.median(slopes))
    score = float(np.sign(given[last] - given[first]).sum())
    variance = _variance(given) * _inflation(given - middle * at)
    if variance <= 0:
        return Slope(middle, middle, middle, 1.0)
    z = (score - np.sign(score)) / np.sqrt(variance)
    reach = ndtri(0.5 + SURE / 2) * np.sqrt(variance)
    low, high = (len(slopes) - reach) / 2, (len(slopes) + reach) / 2
    bounds = np.clip([np.floor(low) - 1, np.ceil(high)], 0, len(slopes) - 1).astype(int)
    return Slope(middle, float(slopes[bounds[0]]), float(slopes[bounds[1]]), float(2 * ndtr(-abs(z))))


def _variance(values: np.ndarray) -> float:
    n = len(values)
    ties = np.unique(values, return_counts=True)[1]
    return float(n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18


def _inflation(rest: np.ndarray) -> float:
    """Return how much memory widens the variance; never below 1: a short series cannot show the contrary."""
    n = len(rest)
    ranks = np.unique(np.round(rest, 9), return_inverse=True)[1].astype(float)
    centred = ranks - ranks.mean()
    if not centred.any():
        return 1.0
    lags = np.arange(1, max(n // 3, 2))
    memory = np.array([(centred[lag:] * centred[:-lag]).sum() for lag in lags]) / (centred**2).sum()
    memory = np.where(np.abs(memory) > ndtri(0.5 + SURE / 2) / np.sqrt(n), memory, 0.0)
    added = ((n - lags) * (n - lags - 1) * (n - lags - 2) * memory).sum()
    return max(1.0, float(1 + 2 * added / (n * (n - 1) * (n - 2))))
