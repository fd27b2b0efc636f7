"""Chooses and fits the model that says who will answer, and writes its card.

A model is used where it did better than a constant rate on pitches sent after those it was fitted to; else
the rates of contact and type are (empirical Bayes). With too few pitches there is no model at all.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.special import expit, logit

from library import logistic
from library.propensity import Columns, Rates, Sent, filled, histories, rates, usual

FEWEST = 100
FOLDS = (0.4, 0.55, 0.7, 0.85, 1.0)
INTERVAL = 1.96
FACTORS_SHOWN = 5
LEAST_EFFECT = 0.01
OF_TYPE = "rate of the type"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Logistic:
    """What columns add to the rates."""

    rates: Rates
    columns: Columns
    usual: np.ndarray
    fit: logistic.Fit

    def log_odds(self, sent: Sequence[Sent]) -> tuple[np.ndarray, np.ndarray]:
        matrix = filled(self.columns.matrix(sent), self.usual)
        return self.fit.log_odds(matrix, self.rates.log_odds(sent))


@dataclass(frozen=True, slots=True)
class Checked:
    """Predictions of pitches from older ones alone."""

    log_odds: np.ndarray
    rate: np.ndarray
    constant: np.ndarray
    outcome: np.ndarray


@dataclass(frozen=True, slots=True)
class Forecast:
    """`model` is None where the rates are used; `card` tells which it is and how it did."""

    rates: Rates
    model: Logistic | None
    card: Json
    platt: logistic.Platt

    def predict(self, sent: Sequence[Sent]) -> list[Json]:
        """Return p, lo, hi and factors of each."""
        if self.model is None:
            return [_from_rate(self.rates, one) for one in sent]
        line, error = self.model.log_odds(sent)
        below, above = self.model.rates.reach(sent)
        matrix = filled(self.model.columns.matrix(sent), self.model.usual)
        parts = self.model.fit.design(matrix)[:, 1:] * self.model.fit.weights[1:] * self.platt.slope
        usual_of_type = self.model.rates.usual_log_odds(sent)
        history = (self.model.rates.log_odds(sent) - usual_of_type) * self.platt.slope
        kind = (usual_of_type - logit(self.rates.overall)) * self.platt.slope
        effects = np.column_stack([history, kind, parts])
        names = ["history", OF_TYPE, *self.model.columns.names]
        ends = (line, line - np.hypot(below, INTERVAL * error), line + np.hypot(above, INTERVAL * error))
        bounds = [expit(self.platt(end)) for end in ends]
        return [
            {"p": float(p), "lo": float(lo), "hi": float(hi), "factors": _factors(names, own, one)}
            for p, lo, hi, own, one in zip(*bounds, effects, sent, strict=True)
        ]

    def doubt(self, sent: Sequence[Sent]) -> float:
        """Return the standard error of these contacts' chances together: what is not known of all alike."""
        if self.model is None:
            return float(np.mean([one["hi"] - one["lo"] for one in self.predict(sent)])) / (2 * INTERVAL)
        line, error = self.model.log_odds(sent)
        low, high = (expit(self.platt(line + way * INTERVAL * error)) for way in (-1, 1))
        return float(np.mean(high - low)) / (2 * INTERVAL)


def forecast(rows: Sequence[Json], horizon: timedelta, outcome: str) -> Forecast:
    """Fit to mature pitches, oldest first; rows are those of `histories`."""
    sent, success = histories(rows, horizon), np.array([row["success"] for row in rows], dtype=float)
    contacts = [row["contact_id"] for row in rows]
    common, plain = _rates(contacts, sent, success), logistic.Platt()
    if len(rows) < FEWEST or not 0 < success.sum() < len(rows):
        card = _card("eb_rate" if rows else "base_rate", rows, outcome, common)
        return Forecast(common, None, card, plain)
    checked = check(contacts, sent, success)
    if not earns_its_place(checked):
        scores = _scores(checked, checked.rate)
        return Forecast(common, None, _card("eb_rate", rows, outcome, common, **scores), plain)
    model = _model(contacts, sent, success)
    platt = logistic.platt(checked.log_odds, checked.outcome)
    scores = _scores(checked, expit(platt(checked.log_odds)))
    card = _card("logistic", rows, outcome, common, fitted=(model, platt), **scores)
    return Forecast(common, model, card, platt)


def earns_its_place(checked: Checked) -> bool:
    """Whether the model beat a constant rate, and the rates of contact and type by more than chance does.

    "More than chance": by a standard error of the difference in squared errors.
    """
    p = expit(checked.log_odds)
    gain = (checked.rate - checked.outcome) ** 2 - (p - checked.outcome) ** 2
    error = float(gain.std()) / np.sqrt(len(gain))
    return logistic.brier_skill(p, checked.outcome, checked.constant) > 0 and float(gain.mean()) > error


def check(contacts: Sequence[Any], sent: Sequence[Sent], success: np.ndarray) -> Checked:
    """Predict each later part from all before it."""
    marks = [round(len(sent) * share) for share in FOLDS]
    parts = []
    for start, end in pairwise(marks):
        before, after = slice(0, start), slice(start, end)
        common = _rates(contacts[before], sent[before], success[before])
        rate = expit(common.log_odds(sent[after]))
        if 0 < success[before].sum() < start:
            line, _ = _model(contacts[before], sent[before], success[before]).log_odds(sent[after])
        else:
            line = logit(rate)
        constant = np.full(end - start, success[before].mean())
        parts.append((line, rate, constant, success[after]))
    return Checked(*(np.concatenate(side) for side in zip(*parts, strict=True)))


def data_hash(rows: Sequence[Json]) -> str:
    """Return the SHA-256 of the pitches: who, when, and whether it succeeded."""
    told = [[str(row["contact_id"]), row["sent_at"].isoformat(), bool(row["success"])] for row in rows]
    return sha256(json.dumps(told).encode()).hexdigest()


def _model(contacts: Sequence[Any], sent: Sequence[Sent], success: np.ndarray) -> Logistic:
    common = _rates(contacts, sent, success)
    columns = Columns.of(sent)
    matrix = columns.matrix(sent)
    known = usual(matrix)
    fitted = logistic.fit(filled(matrix, known), success, common.log_odds(sent))
    return Logistic(common, columns, known, fitted)


def _rates(contacts: Sequence[Any], sent: Sequence[Sent], success: np.ndarray) -> Rates:
    return rates(contacts, [one.type for one in sent], success)


def _scores(checked: Checked, p: np.ndarray) -> Json:
    return {
        "n_validated": len(p),
        "brier_skill": logistic.brier_skill(p, checked.outcome, checked.constant),
        "ece": logistic.calibration_error(p, checked.outcome),
    }


def _card(
    kind: str,
    rows: Sequence[Json],
    outcome: str,
    common: Rates,
    *,
    fitted: tuple[Logistic, logistic.Platt] | None = None,
    n_validated: int = 0,
    **scores: float,
) -> Json:
    span = (
        {"trained_from": rows[0]["sent_at"].date(), "trained_to": rows[-1]["sent_at"].date()} if rows else {}
    )
    own = {"overall rate": common.overall, "contacts' precision": common.precision}
    own |= {f"rate of {kind}": value for kind, value in sorted(common.by_type.items())}
    if fitted:
        model, platt = fitted
        names = ["intercept", *model.columns.names]
        own |= {f"weight of {name}": float(w) for name, w in zip(names, model.fit.weights, strict=True)}
        own |= {"ridge": model.fit.strength, "Platt slope": platt.slope, "Platt shift": platt.shift}
    return {
        "kind": kind,
        "outcome": outcome,
        "n_train": len(rows),
        "n_validated": n_validated,
        **scores,
        **span,
        "data_hash": data_hash(rows),
        "parameters": [{"name": name, "value": value} for name, value in own.items()],
    }


def _from_rate(common: Rates, one: Sent) -> Json:
    found, (a, b) = common.of(one), common.prior(one.type)
    mean = a / (a + b)
    factors = [
        _factor("history", float(logit(found["mean"]) - logit(mean)), one),
        _factor(f"type {one.type}", float(logit(mean) - logit(common.overall)), one),
    ]
    shown = [factor for factor in factors if abs(factor["effect"]) >= LEAST_EFFECT]
    return {"p": found["mean"], "lo": found["lo"], "hi": found["hi"], "factors": shown}


def _factors(names: Sequence[str], parts: np.ndarray, one: Sent) -> list[Json]:
    order = sorted(range(len(names)), key=lambda place: -abs(parts[place]))[:FACTORS_SHOWN]
    return [
        _factor(names[place], float(parts[place]), one)
        for place in order
        if abs(parts[place]) >= LEAST_EFFECT
    ]


def _factor(name: str, effect: float, one: Sent) -> Json:
    return {"name": name, "effect": round(effect, 4), "why": _why(name, one)}


def _why(name: str, one: Sent) -> str:
    match name:
        case "history":
            return f"{one.k} of {one.n} known outcomes were successes"
        case name if name == OF_TYPE:
            return f"type is {one.type}"
        case "earlier pitches":
            return f"{one.earlier} sent before"
        case "days since the last":
            return "never written to" if one.days is None else f"{one.days:.0f} days ago"
        case "genre match":
            return {True: "shares a genre", False: "shares no genre", None: "not known"}[one.match]
        case _:
            kind, _, value = name.partition(" ")
            own = getattr(one, kind)
            return "not known" if own is None else f"{kind} is {own}" if own == value else f"not {value}"
