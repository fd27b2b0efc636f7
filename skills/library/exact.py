"""Tests on two-by-two tables, and what many tests at once have to pay for it.

A table is (k1, n1, k0, n0): `k1` of `n1` on the one side against `k0` of `n0` on the other.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, ndtr, ndtri

TIE = 1 + 1e-7
FLIPS, AT_ONCE, MANY_CLUSTERS = 4000, 500, 500


class Table(NamedTuple):
    k1: int
    n1: int
    k0: int
    n0: int


class Adjusted(NamedTuple):
    """A common risk ratio over strata, and the two-sided p of no association in any of them."""

    ratio: float
    p: float


def fisher_mid_p(table: Table) -> float:
    """Return the two-sided p of Fisher's exact test, ties counted half (Lancaster 1961)."""
    successes, total = table.k1 + table.k0, table.n1 + table.n0
    low, high = max(0, successes - table.n0), min(table.n1, successes)
    if low == high:
        return 1.0
    x = np.arange(low, high + 1)
    p = np.exp(
        _log_choose(successes, x)
        + _log_choose(total - successes, table.n1 - x)
        - _log_choose(total, table.n1)
    )
    seen = p[table.k1 - low]
    as_rare = p[(p <= seen * TIE) & (p >= seen / TIE)].sum()
    rarer = p[p < seen / TIE].sum()
    return float(min(1.0, rarer + as_rare / 2))


def lift(table: Table) -> float:
    """Return how many times as often the one side succeeds; half a success is added where one has none."""
    if not table.n1 or not table.n0:
        return 1.0
    half = 0.5 if 0 in (table.k1, table.k0) else 0.0
    return (table.k1 + half) / (table.n1 + half) / ((table.k0 + half) / (table.n0 + half))


def mantel_haenszel(strata: Iterable[Table]) -> Adjusted:
    """Return the risk ratio common to strata (Mantel, Haenszel 1959; ratio: Nurminen 1981).

    A stratum that has one side only tells nothing; with none that tells, p is 1.
    """
    over = under = observed = expected = variance = 0.0
    for k1, n1, k0, n0 in strata:
        total, successes = n1 + n0, k1 + k0
        if not n1 or not n0:
            continue
        over += k1 * n0 / total
        under += k0 * n1 / total
        observed += k1
        expected += n1 * successes / total
        variance += n1 * n0 * successes * (total - successes) / (total**2 * max(total - 1, 1))
    if variance <= 0:
        return Adjusted(1.0, 1.0)
    z = (observed - expected) / np.sqrt(variance)
    return Adjusted(float(over / under) if under else float("inf"), float(2 * ndtr(-abs(z))))


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Return q-values in the order given (Benjamini, Hochberg 1995)."""
    given = np.asarray(p, dtype=float)
    order = np.argsort(given)
    scaled = given[order] * len(given) / np.arange(1, len(given) + 1)
    q = np.empty(len(given))
    q[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return [float(value) for value in q]


def simes(p: Sequence[float]) -> float:
    """Return the p of "none of these is true" (Simes 1986); 1 for none."""
    return min(benjamini_hochberg(p), default=1.0)


def power_of_lift(mean: float, n1: int, n0: int, *, times: float, level: float) -> float:
    """Return how likely a two-sided test at `level` sees one side succeed `times` as often.

    `mean` is the rate of both sides together. Normal approximation.
    """
    if not n1 or not n0 or not 0 < mean < 1:
        return 0.0
    lower = mean * (n1 + n0) / (n0 + times * n1)
    upper = min(times * lower, 0.999)
    spread = np.sqrt(upper * (1 - upper) / n1 + lower * (1 - lower) / n0)
    return float(ndtr((upper - lower) / spread + ndtri(level / 2)))


def sends_for_lift(mean: float, *, times: float, level: float, power: float, share: float = 0.5) -> int:
    """Return how many sends are needed to see a lift with that power, `share` of them on the better side."""
    lower = mean / (1 - share + times * share)
    upper = min(times * lower, 0.999)
    variance = upper * (1 - upper) / share + lower * (1 - lower) / (1 - share)
    return int(np.ceil(variance * ((ndtri(power) - ndtri(level / 2)) / (upper - lower)) ** 2))


def sign_flip_p(scores: Sequence[float]) -> float:
    """Return the two-sided p of "the clusters' scores lie around 0", by flipping whole clusters' signs.

    It holds however alike the outcomes within a cluster are (Canay, Romano, Shaikh 2017). One cluster: 1.
    Of many clusters the flips' sum is normal.
    """
    given = np.asarray(scores, dtype=float)
    if len(given) > MANY_CLUSTERS:
        spread = float(np.sqrt((given**2).sum()))
        return float(2 * ndtr(-abs(given.sum()) / spread)) if spread else 1.0
    generator, least, reached = np.random.default_rng(0), abs(given.sum()) / TIE, 0
    for _ in range(FLIPS // AT_ONCE):
        flips = generator.choice((-1.0, 1.0), size=(AT_ONCE, len(given)))
        reached += int((np.abs(flips @ given) >= least).sum())
    return (1 + reached) / (1 + FLIPS)


def _log_choose(n: int, k: np.ndarray | int) -> np.ndarray:
    return gammaln(n + 1) - gammaln(np.asarray(k) + 1) - gammaln(n - np.asarray(k) + 1)
