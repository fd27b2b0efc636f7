"""What share of pitches will be answered by the horizon, though the youngest have hardly been read.

A pitch of age `a` has been answered with probability p·F(a), where F is how soon answers come (a cure model,
Farewell 1982). F is learnt from pitches that have had their whole time, and is itself uncertain: the interval
is that of the score (Wilson 1927, which it equals when every pitch is old), averaged over draws of F.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtr

from library.outcomes import HORIZON_DAYS
from library.rates import made, wilson

EDGES = np.concatenate([np.arange(0, 3, 0.25), np.arange(3, 8, 0.5), np.arange(8, HORIZON_DAYS + 1.0)])
USUAL_MEDIAN, USUAL_SHAPE, USUAL_ANSWERS = 3.0, 0.9, 4.0
DRAWS = 48
SHARES = expit(np.linspace(-9.5, 7.0, 260))
LOW, HIGH = 0.975, 0.025
METHOD = "cure model on Kaplan-Meier delays, score interval"


@dataclass(frozen=True, slots=True)
class Ages:
    """Delivered pitches by age: `days`, how many there are of it, and how many of them are answered."""

    days: np.ndarray
    many: np.ndarray
    answered: np.ndarray


def delay_counts(days: np.ndarray, many: np.ndarray | None = None) -> np.ndarray:
    """Count delays of answers between EDGES, each once or as `many` times; later ones fall into the last."""
    return np.histogram(np.clip(days, 0, HORIZON_DAYS), EDGES, weights=many)[0].astype(float)


def usual_delays() -> np.ndarray:
    """Return what to expect before anything is known: half of the answers within three days."""
    scale = USUAL_MEDIAN / np.log(2) ** (1 / USUAL_SHAPE)
    reached = 1 - np.exp(-((EDGES / scale) ** USUAL_SHAPE))
    return np.diff(reached / reached[-1])


def expected_eventual(ages: Ages, delays: np.ndarray) -> dict[str, object]:
    """Return the `Rate` answered by the horizon.

    `delays` are counts between EDGES, of pitches watched to the end. Where all are answered, or more
    than could be by now if all were to be in the end, they came sooner: what is counted stands, open above.
    """
    k, n = float(ages.answered.sum()), float(ages.many.sum())
    if not n:
        return made(0, 0, 0.0, (0.0, 1.0), "none observed")
    weights = delays + USUAL_ANSWERS * usual_delays()
    rng = np.random.default_rng(int(1_000_003 * k + n))
    drawn = rng.gamma(np.maximum(weights, 1e-9), size=(DRAWS, len(weights)))
    confidence = np.mean([ndtr(_score(ages, _answered_by(ages, one))) for one in drawn], axis=0)
    if k == n or (k and confidence[-1] > LOW):
        return made(k, n, k / n, (wilson(k, n)["lo"], 1.0), METHOD)
    likeliest = _where(_score(ages, _answered_by(ages, weights)), 0.0) if k else 0.0
    low = _where(confidence, LOW) if k else 0.0
    high = _where(confidence, HIGH) if confidence[-1] < HIGH else 1.0
    return made(k, n, likeliest, (min(low, likeliest), max(high, likeliest)), METHOD)


def answered_share(ages: Ages, delays: np.ndarray) -> float:
    """Return how many pitches' worth of time the pitches have had: as many as there are when all are old."""
    return float((ages.many * _answered_by(ages, delays + USUAL_ANSWERS * usual_delays())).sum())


def _answered_by(ages: Ages, weights: np.ndarray) -> np.ndarray:
    """Return F at each age, for delays weighted so."""
    reached = np.concatenate([[0.0], np.cumsum(weights)])
    return np.interp(ages.days, EDGES, reached / reached[-1])


def _score(ages: Ages, answered_by: np.ndarray) -> np.ndarray:
    """Return the score of each of SHARES by its standard deviation: above 0 where the share is too low."""
    share = SHARES[:, None]
    silent = 1 - share * answered_by
    score = ages.answered.sum() / SHARES - ((ages.many - ages.answered) * answered_by / silent).sum(axis=1)
    spread = (ages.many * answered_by / (share * silent)).sum(axis=1)
    return score / np.sqrt(np.maximum(spread, 1e-12))


def _where(falling: np.ndarray, level: float) -> float:
    """Return the share at which a falling curve reaches a level."""
    return float(np.interp(-level, -falling, SHARES))
