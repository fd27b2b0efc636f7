"""Shares of pitches that succeeded: intervals, what groups have in common, and whether one is greater.

Everything here is deterministic and takes plain counts: `k` of `n` succeeded.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import betainc, betaincinv, betaln, expit, logit, ndtri, roots_legendre

USUAL_RATE, USUAL = 0.05, (1.0, 19.0)
USUAL_PRECISION, PRECISION_SPREAD = 30.0, 1.5
MEANS, PRECISIONS = (1e-4, 1 - 1e-4), (2.0, 5_000.0)
NODES = 400
BEFOREHAND = 0.5

Prior = tuple[float, float]


def wilson(k: float, n: float, level: float = 0.95) -> dict[str, Any]:
    """Return a `Rate` with Wilson's score interval (Wilson 1927; Brown, Cai, DasGupta 2001).

    Of no pitches: 0 to 1.
    """
    if n <= 0:
        return made(k, n, 0.0, (0.0, 1.0), "none observed")
    z = float(ndtri(0.5 + level / 2))
    mean, weight = k / n, z * z / n
    centre = (mean + weight / 2) / (1 + weight)
    half = z * np.sqrt(mean * (1 - mean) / n + weight / (4 * n)) / (1 + weight)
    low = 0.0 if k <= 0 else max(0.0, centre - half)
    high = 1.0 if k >= n else min(1.0, centre + half)
    return made(k, n, mean, (low, high), "Wilson")


def posterior(k: float, n: float, a: float, b: float, level: float = 0.95) -> dict[str, Any]:
    """Return the `Rate` drawn towards a beta prior, with its equal-tailed credible interval."""
    above, below = a + k, b + n - k
    tail = (1 - level) / 2
    low, high = betaincinv(above, below, [tail, 1 - tail])
    return made(k, n, above / (above + below), (low, high), "beta posterior")


def towards_usual(k: float, n: float) -> float:
    """Return the share drawn to 5 % as if by 20 pitches, so that a handful of answers decides little."""
    return (k + USUAL[0]) / (n + sum(USUAL))


def fit_beta(ks: Iterable[int], ns: Iterable[int]) -> Prior:
    """Return the beta prior (a, b) that groups share: the beta-binomial's maximum likelihood, held in bounds.

    Efron, Morris 1975. What the groups do not tell is filled in: a mean of 1 in 20, as if twenty pitches had
    shown it, and a precision of about 30 pitches. With no groups that alone is returned.
    """
    groups = Counter((int(k), int(n)) for k, n in zip(ks, ns, strict=True) if n > 0)
    k, n = (np.array([pair[side] for pair in groups], dtype=float) for side in (0, 1))
    many = np.array(list(groups.values()), dtype=float)

    def misfit(place: np.ndarray) -> float:
        mean, precision = float(expit(place[0])), float(np.exp(place[1]))
        a, b = mean * precision, (1 - mean) * precision
        fit = float((many * (betaln(a + k, b + n - k) - betaln(a, b))).sum())
        fit += USUAL[0] * np.log(mean) + USUAL[1] * np.log1p(-mean)
        return -fit + ((place[1] - np.log(USUAL_PRECISION)) / PRECISION_SPREAD) ** 2 / 2

    pooled = towards_usual((many * k).sum(), (many * n).sum())
    start = [logit(np.clip(pooled, *MEANS)), np.log(USUAL_PRECISION)]
    found = minimize(misfit, start, method="L-BFGS-B", bounds=[logit(MEANS), np.log(PRECISIONS)])
    mean, precision = float(expit(found.x[0])), float(np.exp(found.x[1]))
    return mean * precision, (1 - mean) * precision


def p_greater(k1: float, n1: float, k2: float, n2: float) -> float:
    """Return how likely the first rate is greater than the second.

    Beforehand both are as if half a success, or failure where these are rarer, had been seen at the rate of
    the two together. Were anything as likely, a period of few pitches would be thought of as one of many
    successes: 0 of 10 would beat 0 of 300. Gauss-Legendre over the quantiles of the first: no draws, so the
    same answer always.
    """
    nodes, weights = roots_legendre(NODES)
    common = (k1 + k2 + 1) / (n1 + n2 + 2)
    a, b = (BEFOREHAND * share / min(common, 1 - common) for share in (common, 1 - common))
    quantiles = betaincinv(a + k1, b + n1 - k1, (nodes + 1) / 2)
    return float(np.clip((weights / 2 * betainc(a + k2, b + n2 - k2, quantiles)).sum(), 0.0, 1.0))


def made(k: float, n: float, mean: float, bounds: tuple[float, float], method: str) -> dict[str, Any]:
    """Return a `Rate`, counts whole."""
    figures = {"mean": float(mean), "lo": float(bounds[0]), "hi": float(bounds[1])}
    return {"k": round(k), "n": round(n), **figures, "method": method}
