"""How likely a contact is to answer: what was known when it was written to, in columns and as a rate."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from scipy.special import logit

from library.rates import Prior, fit_beta, posterior

FEWEST_OF_VALUE, MOST_VALUES = 10, 8
PRIOR_SUCCESSES, PRIOR_PITCHES = 0.25, 5.0
CHOICES = ("type", "template", "channel")
UNKNOWN, NEVER = float("nan"), 1e-12

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    """One pitch as it stood when it was sent; None where something is not known.

    `k` of the contact's `n` pitches whose outcome was known by then succeeded; `earlier` were sent at all,
    the last of them `days` ago.
    """

    type: str | None = None
    match: bool | None = None
    template: str | None = None
    channel: str | None = None
    k: int = 0
    n: int = 0
    earlier: int = 0
    days: float | None = None


@dataclass
class _Past:
    sent: list[datetime] = field(default_factory=list)
    success: list[bool] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rates:
    """Empirical Bayes: each type's rate, and how much contacts of a type have in common."""

    overall: float
    by_type: dict[str, float]
    precision: float

    def prior(self, kind: str | None) -> Prior:
        mean = self.by_type.get(kind or "", self.overall)
        return mean * self.precision, (1 - mean) * self.precision

    def log_odds(self, sent: Sequence[Sent]) -> np.ndarray:
        """Return the log odds of each contact's rate."""
        priors = [self.prior(one.type) for one in sent]
        means = [(a + one.k) / (a + b + one.n) for one, (a, b) in zip(sent, priors, strict=True)]
        return np.asarray(logit(np.array(means, dtype=float)))

    def reach(self, sent: Sequence[Sent]) -> tuple[np.ndarray, np.ndarray]:
        """Return how far below and above its log odds each contact's own rate may lie, to 95 %."""
        rates = [self.of(one) for one in sent]
        ends = np.array([[rate[name] for rate in rates] for name in ("lo", "mean", "hi")])
        low, mean, high = logit(np.clip(ends, NEVER, 1 - NEVER))
        return np.asarray(mean - low), np.asarray(high - mean)

    def usual_log_odds(self, sent: Sequence[Sent]) -> np.ndarray:
        """Return the log odds of the rate of each contact's type."""
        priors = [self.prior(one.type) for one in sent]
        return np.asarray(logit(np.array([a / (a + b) for a, b in priors], dtype=float)))

    def of(self, sent: Sent) -> Json:
        """Return the contact's `Rate`, drawn towards that of its type."""
        return posterior(sent.k, sent.n, *self.prior(sent.type))


def histories(rows: Iterable[Json], horizon: timedelta) -> list[Sent]:
    """Return each pitch, oldest first, with its contact's past and nothing that came to be known later.

    A row has contact_id, sent_at, success, and what `Sent` has by the same names.
    """
    past: dict[Any, _Past] = defaultdict(_Past)
    made = []
    for row in rows:
        before, at = past[row["contact_id"]], row["sent_at"]
        known = [won for when, won in zip(before.sent, before.success, strict=True) if when <= at - horizon]
        days = (at - before.sent[-1]).total_seconds() / 86_400 if before.sent else None
        told = {name: row.get(name) for name in (*CHOICES, "match")}
        made.append(Sent(**told, k=sum(known), n=len(known), earlier=len(before.sent), days=days))
        before.sent.append(at)
        before.success.append(row["success"])
    return made


def rates(contacts: Sequence[Any], types: Sequence[str | None], success: np.ndarray) -> Rates:
    """Fit the rates that types and contacts have in common to pitches."""
    by_contact = _counted(contacts, success)
    by_type = _counted([kind or "" for kind in types], success)
    a, b = fit_beta(*zip(*by_type.values(), strict=True)) if by_type else fit_beta([], [])
    above, below = fit_beta(*zip(*by_contact.values(), strict=True)) if by_contact else fit_beta([], [])
    total = (success.sum() + PRIOR_SUCCESSES) / (len(success) + PRIOR_PITCHES)
    shrunk = {kind: ((a + b) * total + k) / (a + b + n) for kind, (k, n) in by_type.items() if kind}
    return Rates(float(total), shrunk, above + below)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns there are; learnt from the pitches that a model is fitted to."""

    values: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, sent: Sequence[Sent]) -> "Columns":
        return cls({name: _common([getattr(one, name) for one in sent]) for name in CHOICES})

    @property
    def names(self) -> list[str]:
        chosen = [f"{name} {value}" for name in CHOICES for value in self.values[name]]
        return ["earlier pitches", "days since the last", "genre match", *chosen]

    def matrix(self, sent: Sequence[Sent]) -> np.ndarray:
        """Return a row for each pitch; not a number where something is not known."""
        earlier = np.log1p([one.earlier for one in sent])
        days = np.log1p([max(one.days or 0.0, 0.0) for one in sent])
        match = [UNKNOWN if one.match is None else float(one.match) for one in sent]
        return np.column_stack([earlier, days, match, *self._chosen(sent)])

    def _chosen(self, sent: Sequence[Sent]) -> Iterator[np.ndarray]:
        for name in CHOICES:
            own = [getattr(one, name) for one in sent]
            unknown = np.array([one is None for one in own], dtype=bool)
            for value in self.values[name]:
                yield np.where(unknown, UNKNOWN, [one == value for one in own])


def filled(matrix: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Put the usual value where one is not known."""
    return np.where(np.isnan(matrix), usual, matrix)


def usual(matrix: np.ndarray) -> np.ndarray:
    """Return each column's mean of what is known; 0 where nothing is."""
    known = ~np.isnan(matrix)
    return np.where(known, matrix, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)


def _common(values: Sequence[str | None]) -> tuple[str, ...]:
    counted = Counter(value for value in values if value is not None)
    often = [value for value, many in counted.most_common(MOST_VALUES) if many >= FEWEST_OF_VALUE]
    return tuple(sorted(often)) if len(counted) > 1 else ()


def _counted(keys: Sequence[Any], success: np.ndarray) -> dict[Any, tuple[int, int]]:
    totals = Counter(keys)
    won = Counter(key for key, one in zip(keys, success, strict=True) if one)
    return {key: (won[key], many) for key, many in totals.items()}
