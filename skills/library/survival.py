"""How long answers take, and how many come in the end, though some pitches are too young to tell.

A pitch is (days, answered): days to its answer, else days watched without one (right-censored).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import chdtrc, ndtri

NEVER = 1e-12
PAIR = 2
SHARE_AT_RISK = 0.2
LEVEL = 0.95
FEWEST_ANSWERS = 4


@dataclass(frozen=True, slots=True)
class Curve:
    """A Kaplan-Meier curve: one step for each time at which something was answered.

    `waiting` is the share not answered yet just after `days`; `greenwood` is the sum that Greenwood's
    variance is made of. `end` is the day until which enough pitches were watched to go by (Pocock, Clayton,
    Altman 2002): beyond it one answer would lift the whole curve. `watched` are the days of all, in order.
    """

    days: np.ndarray
    waiting: np.ndarray
    greenwood: np.ndarray
    n: int
    answered: int = 0
    end: float = 0.0
    watched: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def waiting_at(self, day: float) -> float:
        """Return the share that is still without an answer after so many days."""
        step = self._step(day)
        return float(self.waiting[step]) if step >= 0 else 1.0

    def answered_by(self, day: float) -> float:
        """Return the share answered within so many days."""
        return 1.0 - self.waiting_at(day)

    def interval_at(self, day: float) -> tuple[float, float]:
        """Bound the share answered within so many days, to 95 %: Greenwood 1926 on the log(-log) scale."""
        step, z = self._step(day), float(ndtri(0.5 + LEVEL / 2))
        if step < 0:
            return 0.0, 1 - (1 - LEVEL) ** (1 / left) if (left := self._watched_for(day)) else 1.0
        waiting = float(self.waiting[step])
        if waiting <= NEVER:
            return 0.0, 1.0
        spread = z * np.sqrt(self.greenwood[step]) / abs(np.log(waiting))
        low, high = waiting ** np.exp(spread), waiting ** np.exp(-spread)
        return float(1 - high), float(1 - low)

    def quantile(self, share: float) -> float | None:
        """Return the day by which this share of all pitches was answered; None if it never was."""
        reached = np.flatnonzero(self.waiting <= 1 - share + NEVER)
        return float(self.days[reached[0]]) if len(reached) else None

    @property
    def plateau(self) -> float:
        """The share answered in the end, as far as pitches were watched (Farewell 1982)."""
        return self.answered_by(self.end)

    def tells(self, day: float) -> bool:
        """Whether enough pitches were watched for so long, or none was left to watch."""
        return self.n > 0 and (day <= self.end or self.waiting_at(self.end) <= NEVER)

    def delay_quantile(self, share: float) -> float | None:
        """Return the day by which this share of the answers had come; None of fewer than four."""
        enough = self.answered >= FEWEST_ANSWERS and self.plateau > 0
        return self.quantile(share * self.plateau) if enough else None

    def _watched_for(self, day: float) -> int:
        return len(self.watched) - int(np.searchsorted(self.watched, day, side="left"))

    def _step(self, day: float) -> int:
        return int(np.searchsorted(self.days, day, side="right")) - 1


def kaplan_meier(days: Sequence[float], answered: Sequence[bool]) -> Curve:
    """Return the curve of pitches (Kaplan, Meier 1958); a censored one counts as watched on its last day."""
    watched, seen = np.asarray(days, dtype=float), np.asarray(answered, dtype=bool)
    when, answers = np.unique(watched[seen], return_counts=True)
    order = np.sort(watched)
    at_risk = len(watched) - np.searchsorted(order, when, side="left")
    left = at_risk - answers
    with np.errstate(divide="ignore"):
        terms = np.where(left > 0, answers / (at_risk * np.maximum(left, 1)), 0.0)
    waiting = np.cumprod(1 - answers / np.maximum(at_risk, 1))
    enough = max(round(SHARE_AT_RISK * len(watched)), 1)
    end = float(order[-enough]) if len(watched) else 0.0
    return Curve(when, waiting, np.cumsum(terms), len(watched), int(seen.sum()), end, order)


@dataclass(frozen=True, slots=True)
class LogRank:
    """A chi-square statistic, its degrees of freedom, and the p of "all groups answer alike"."""

    statistic: float
    freedom: int
    p: float


def log_rank(
    groups: Sequence[tuple[Sequence[float], Sequence[bool]]], whose: Sequence[Sequence[Any]] | None = None
) -> LogRank:
    """Compare the curves of groups (Mantel 1966); fewer than two with anything to tell: p is 1.

    `whose` says of whom each pitch is: the statistic is divided by how much more their pitches vary than as
    many that have nothing in common (Rao, Scott 1981).
    """
    filled = [(np.asarray(d, dtype=float), np.asarray(a, dtype=bool)) for d, a in groups if len(d)]
    everything = [np.concatenate(side) for side in zip(*filled, strict=True)] if filled else []
    if len(filled) < PAIR or not everything[1].any():
        return LogRank(0.0, max(len(filled) - 1, 0), 1.0)
    when, answers = np.unique(everything[0][everything[1]], return_counts=True)
    risk = np.array([_at_risk(days, when) for days, _ in filled])
    total = risk.sum(axis=0)
    share = risk / total
    seen = np.array([answered.sum() for _, answered in filled])
    excess = (seen - (share * answers).sum(axis=1))[:-1]
    weight = answers * (total - answers) / np.maximum(total - 1, 1)
    spread = np.diag((share * weight).sum(axis=1)) - (share * weight) @ share.T
    inverse, freedom = np.linalg.pinv(spread[:-1, :-1]), len(filled) - 1
    statistic = float(excess @ inverse @ excess)
    if whose is not None:
        parts = _excess_by_contact(filled, whose, when, share, answers / total)[:, :-1]
        statistic /= max(float(np.trace(inverse @ (parts.T @ parts))) / freedom, 1.0)
    return LogRank(statistic, freedom, float(chdtrc(freedom, max(statistic, 0.0))))


def _excess_by_contact(
    filled: Sequence[tuple[np.ndarray, np.ndarray]],
    whose: Sequence[Sequence[Any]],
    when: np.ndarray,
    share: np.ndarray,
    hazard: np.ndarray,
) -> np.ndarray:
    """Return what each contact adds to each group's excess of answers (Lin, Wei 1989)."""
    days, answered = (np.concatenate(side) for side in zip(*filled, strict=True))
    group = np.repeat(np.arange(len(filled)), [len(one) for one, _ in filled])
    _, contact = np.unique([str(one) for some in whose for one in some], return_inverse=True)
    reached = np.searchsorted(when, days, side="right")
    beyond = answered - _grown(hazard)[reached]
    columns = []
    for number, own in enumerate(share):
        made = _grown(own * hazard)[reached] - np.where(answered, own[reached - 1], 0.0)
        columns.append(np.bincount(contact, weights=made + np.where(group == number, beyond, 0.0)))
    return np.column_stack(columns)


def _grown(steps: np.ndarray) -> np.ndarray:
    """Return the sums of the steps so far, from none of them to all."""
    return np.concatenate([[0.0], np.cumsum(steps)])


def _at_risk(days: np.ndarray, when: np.ndarray) -> np.ndarray:
    return len(days) - np.searchsorted(np.sort(days), when, side="left")
