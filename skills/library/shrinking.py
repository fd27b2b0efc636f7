"""Draws groups towards what they have in common, as far as the groups themselves say.

How alike the groups are is not known either: it is drawn too, from its posterior on a grid, so that few
groups give wide intervals (Gelman et al. 2013, chapter 5).
"""

import numpy as np
from scipy.special import betaln, expit, logit

MEANS, PRECISIONS = 25, 24
FLOOR = 1e-4


def rate_draws(k: np.ndarray, n: np.ndarray, rng: np.random.Generator, *, draws: int = 4000) -> np.ndarray:
    """Draw each group's rate from its posterior: an array of draws by groups.

    `k` of `n` succeeded in each group; rates are beta distributed over groups.
    """
    mean, precision, weight = _beta_grid(k.astype(float), n.astype(float))
    chosen = rng.choice(len(weight), size=draws, p=weight)
    a = (mean * precision)[chosen, None]
    b = ((1 - mean) * precision)[chosen, None]
    return rng.beta(a + k, b + n - k)


def mean_draws(means: np.ndarray, errors: np.ndarray, rng: np.random.Generator, *, draws: int) -> np.ndarray:
    """Draw each group's true mean, given its mean and standard error: an array of draws by groups.

    True means are normal over groups (Rubin 1981).
    """
    scale = max(float(np.std(means)), float(np.median(errors)), 1e-6)
    spreads = np.geomspace(0.02, 4.0, 40) * scale
    totals = errors[None, :] ** 2 + spreads[:, None] ** 2
    common = (means / totals).sum(1) / (1 / totals).sum(1)
    variance = 1 / (1 / totals).sum(1)
    fit = -0.5 * (np.log(totals) + (means - common[:, None]) ** 2 / totals).sum(1) + 0.5 * np.log(variance)
    weight = _normalised(fit + np.log(spreads / (spreads + scale) ** 2))
    chosen = rng.choice(len(spreads), size=draws, p=weight)
    centre = rng.normal(common[chosen], np.sqrt(variance[chosen]))[:, None]
    spread = spreads[chosen][:, None]
    precision = 1 / errors**2 + 1 / spread**2
    return rng.normal((means / errors**2 + centre / spread**2) / precision, np.sqrt(1 / precision))


def rank_draws(draws: np.ndarray, own: int) -> np.ndarray:
    """Return in each draw the share of the other groups that lie below the group `own`."""
    others = np.delete(draws, own, axis=1)
    return (others < draws[:, [own]]).mean(axis=1)


def _beta_grid(k: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return means, precisions and posterior weights of beta priors, flattened."""
    centre = logit(np.clip((k.sum() + 0.5) / (n.sum() + 1), FLOOR, 1 - FLOOR))
    width = 3 * np.sqrt(1 / (k.sum() + 1) + 1 / len(k))
    mean = expit(np.linspace(centre - width, centre + width, MEANS))
    precision = np.geomspace(2, 20_000, PRECISIONS)
    mean, precision = (grid.ravel() for grid in np.meshgrid(mean, precision))
    a, b = (mean * precision)[:, None], ((1 - mean) * precision)[:, None]
    fit = (betaln(a + k, b + n - k) - betaln(a, b)).sum(axis=1)
    usual = max(1.0, float(n.mean()))
    return mean, precision, _normalised(fit + np.log(precision * usual / (precision + usual) ** 2))


def _normalised(log_weight: np.ndarray) -> np.ndarray:
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum()
