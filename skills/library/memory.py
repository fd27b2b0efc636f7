"""How much a series remembers of its last value, as far as short series can tell: not a guess, but weights.

A short series looks less like its past than it is, and the more so once a trend is taken off; taken at its
word, it makes chance look like a trend. So every memory is kept with the likelihood that the series gives it
(Harville 1974: of what a line cannot explain), and series that are measured alike lend each other theirs.
"""

from collections.abc import Sequence

import numpy as np

MEMORIES = np.linspace(0.0, 0.95, 20)
ANYTHING_GOES = 10
ROUNDS = 50
FAR, MIDDLING = 3.5, 1.4826
NOTHING = 1e-9


def likelihood(at: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Return how likely each of MEMORIES is, the likeliest at 1; `rest` are the values less their trend.

    A point far off is left out: the one week that a video was shared is no sign of a short memory. A rest of
    nothing has none.
    """
    near = _near(rest)
    at, rest = at[near], rest[near]
    if np.ptp(rest) < NOTHING:
        return (MEMORIES == 0).astype(float)
    kept = MEMORIES[:, None] ** np.diff(at)
    fresh = np.sqrt(1 - kept**2)
    line = [_without_memory(one, kept, fresh) for one in (np.ones(len(at)), at - at.mean())]
    design = np.stack(line, axis=2)
    turned = design.transpose(0, 2, 1)
    told = _without_memory(rest, kept, fresh)[..., None]
    within = turned @ design
    left = ((told - design @ np.linalg.solve(within, turned @ told)) ** 2).sum(axis=(1, 2))
    size = np.log(fresh).sum(axis=1) + np.linalg.slogdet(within)[1] / 2
    log = -size - (len(at) - 2) / 2 * np.log(left + NOTHING**2)
    return np.asarray(np.exp(log - log.max()))


def weights(likelihoods: Sequence[np.ndarray]) -> np.ndarray:
    """Return for each series how likely each memory is, given what all of them tell of it.

    What they have in common is fitted, as if ten more series had told that anything goes.
    """
    given = np.array(likelihoods)
    usual = np.full(len(MEMORIES), 1 / len(MEMORIES))
    for _ in range(ROUNDS):
        found = given * usual / (given * usual).sum(axis=1, keepdims=True)
        usual = (found.sum(axis=0) + ANYTHING_GOES / len(MEMORIES)) / (len(given) + ANYTHING_GOES)
    return np.asarray(found)


def _without_memory(values: np.ndarray, kept: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    """Return, for each memory, what of a value is new, all equally wide: a first-order autoregression."""
    first = np.full((len(kept), 1), values[0])
    return np.concatenate([first, (values[1:] - kept * values[:-1]) / fresh], axis=1)


def _near(values: np.ndarray) -> np.ndarray:
    """Tell which lie within three and a half standard deviations, by the middle of the distances."""
    distances = np.abs(values - np.median(values))
    usual = np.median(distances)
    return np.asarray(distances <= FAR * MIDDLING * usual if usual else distances >= 0)
