"""Logistic regression for few successes: ridge of a strength the data choose, calibrated on later pitches."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

STRENGTHS = np.geomspace(3.0, 300.0, 6)
STEPS, CLOSE = 40, 1e-8
INTERCEPT_STRENGTH = 1.0
SLOPE_SPREAD, SHIFT_SPREAD = 0.1, 0.1
BINS = 10


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients of standardised columns, the first the intercept, with their covariance."""

    centre: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    covariance: np.ndarray
    strength: float

    def design(self, columns: np.ndarray) -> np.ndarray:
        return np.column_stack([np.ones(len(columns)), (columns - self.centre) / self.scale])

    def log_odds(self, columns: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return log odds and their standard errors."""
        design = self.design(columns)
        return offset + design @ self.weights, np.sqrt(
            np.einsum("ij,jk,ik->i", design, self.covariance, design)
        )


@dataclass(frozen=True, slots=True)
class Platt:
    """Makes log odds true to what came (Platt 1999): a slope and a shift, both held near none."""

    slope: float = 1.0
    shift: float = 0.0

    def __call__(self, log_odds: np.ndarray) -> np.ndarray:
        return self.slope * log_odds + self.shift


def fit(columns: np.ndarray, outcome: np.ndarray, offset: np.ndarray) -> Fit:
    """Fit what columns add to log odds known beforehand, the offset, by ridge.

    Its strength is the likeliest of STRENGTHS (MacKay 1992, Laplace's approximation): columns that mean
    nothing are held down, without a part of few pitches being kept back.
    """
    scale = columns.std(axis=0)
    made = Fit(columns.mean(axis=0), np.where(scale > 0, scale, 1.0), np.zeros(0), np.zeros(0), 0.0)
    design = made.design(columns)
    tried = [_ridge(design, outcome, offset, float(strength)) for strength in STRENGTHS]
    weights, covariance, _, strength = max(tried, key=lambda one: one[2])
    return Fit(made.centre, made.scale, weights, covariance, strength)


def platt(log_odds: np.ndarray, outcome: np.ndarray) -> Platt:
    """Fit slope and shift on pitches that the log odds were not fitted to; none where there are none."""
    if not len(log_odds):
        return Platt()
    slope, shift = 1.0, 0.0
    for _ in range(STEPS):
        p = expit(slope * log_odds + shift)
        miss, weight = outcome - p, p * (1 - p)
        gradient = np.array(
            [(miss * log_odds).sum() - (slope - 1) / SLOPE_SPREAD**2, miss.sum() - shift / SHIFT_SPREAD**2]
        )
        cross = (weight * log_odds).sum()
        hessian = np.array(
            [
                [(weight * log_odds**2).sum() + 1 / SLOPE_SPREAD**2, cross],
                [cross, weight.sum() + 1 / SHIFT_SPREAD**2],
            ]
        )
        step = np.linalg.solve(hessian, gradient)
        slope, shift = slope + step[0], shift + step[1]
        if np.abs(step).max() < CLOSE:
            break
    return Platt(float(max(slope, 0.0)), float(shift))


def brier_skill(p: np.ndarray, outcome: np.ndarray, constant: np.ndarray | float) -> float:
    """Return how much smaller the squared error is than a constant's (Brier 1950): 0 is no better."""
    base = float(np.mean((constant - outcome) ** 2))
    return 1 - float(np.mean((p - outcome) ** 2)) / base if base > 0 else 0.0


def calibration_error(p: np.ndarray, outcome: np.ndarray, bins: int = BINS) -> float:
    """Return the expected calibration error over bins of as many pitches each (Naeini et al. 2015)."""
    parts = np.array_split(np.argsort(p, kind="stable"), min(bins, max(len(p), 1)))
    return float(sum(abs(p[part].sum() - outcome[part].sum()) for part in parts) / max(len(p), 1))


def _ridge(
    design: np.ndarray, outcome: np.ndarray, offset: np.ndarray, strength: float
) -> tuple[np.ndarray, np.ndarray, float, float]:
    """Newton's method with halved steps; returns weights, covariance, log evidence and strength."""
    penalty = np.full(design.shape[1], strength)
    penalty[0] = INTERCEPT_STRENGTH

    def objective(weights: np.ndarray) -> float:
        line = offset + design @ weights
        return float((outcome * line - np.logaddexp(0, line)).sum() - 0.5 * (penalty * weights**2).sum())

    def curvature(weights: np.ndarray) -> np.ndarray:
        p = expit(offset + design @ weights)
        return (design.T * (p * (1 - p))) @ design + np.diag(penalty)

    weights = np.zeros(design.shape[1])
    reached = objective(weights)
    for _ in range(STEPS):
        slope = design.T @ (outcome - expit(offset + design @ weights)) - penalty * weights
        step, size = np.linalg.solve(curvature(weights), slope), 1.0
        while (new := objective(weights + size * step)) < reached and size > CLOSE:
            size /= 2
        if new <= reached + CLOSE:
            break
        weights, reached = weights + size * step, new
    hessian = curvature(weights)
    evidence = reached + 0.5 * (np.log(penalty).sum() - np.linalg.slogdet(hessian)[1])
    return weights, np.linalg.inv(hessian), float(evidence), strength
