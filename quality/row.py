"""One measured figure beside its baseline and its bar."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

HEADINGS = ("skill", "measure", "baseline", "ours", "95 % interval", "bar", "")

Given = Sequence[float] | np.ndarray


@dataclass(frozen=True, slots=True)
class Row:
    """`low` and `high` bound `ours`, or its lead over the baseline where the bar is about the lead."""

    skill: str
    measure: str
    baseline: float | None
    ours: float
    low: float | None
    high: float | None
    bar: str
    passed: bool

    def cells(self) -> tuple[str, ...]:
        interval = (
            "" if self.low is None or self.high is None else f"{_figure(self.low)} to {_figure(self.high)}"
        )
        baseline = "" if self.baseline is None else _figure(self.baseline)
        verdict = "pass" if self.passed else "MISS"
        return (self.skill, self.measure, baseline, _figure(self.ours), interval, self.bar, verdict)


def never(skill: str, measure: str, times: float, baseline: float | None = None) -> Row:
    """Judge a count of what must not happen."""
    return Row(skill, measure, baseline, times, None, None, "0", not times)


def always(skill: str, measure: str, shares: Sequence[float]) -> Row:
    """Judge shares that must all be whole."""
    return Row(skill, measure, None, mean(shares), *interval(shares), "1", min(shares) == 1)


def at_most(
    skill: str, measure: str, ours: float, bar: float, *, baseline: float | None = None, of: Given = ()
) -> Row:
    """Judge a figure, the mean `of` some where that is bounded too."""
    return Row(skill, measure, baseline, ours, *_bounds(of), f"≤ {bar:g}", bool(ours <= bar))


def at_least(
    skill: str, measure: str, ours: float, bar: float, *, baseline: float | None = None, of: Given = ()
) -> Row:
    return Row(skill, measure, baseline, ours, *_bounds(of), f"≥ {bar:g}", bool(ours >= bar))


def between(skill: str, measure: str, of: Given, low: float, high: float) -> Row:
    return Row(skill, measure, None, mean(of), *interval(of), f"{low} to {high}", low <= mean(of) <= high)


def led(skill: str, measure: str, ours: Given, theirs: Given, bar: float) -> Row:
    """Judge the lower bound of the lead over the baseline."""
    low, high = interval(np.asarray(ours) - np.asarray(theirs))
    return Row(skill, measure, mean(theirs), mean(ours), low, high, f"lead ≥ {bar}", low >= bar)


def table(rows: Sequence[Row]) -> str:
    """Return a Markdown table, its columns aligned."""
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    ruled = [lines[0], tuple("-" * width for width in widths), *lines[1:]]
    return "\n".join(_line(line, widths) for line in ruled)


def mean(values: Given) -> float:
    return float(np.mean(values))


def interval(values: Given) -> tuple[float, float]:
    """Return the 95 % interval of the mean over seeds: 4,000 fixed bootstrap draws (Efron 1979)."""
    given = np.asarray(values, dtype=float)
    draws = np.random.default_rng(0).choice(given, size=(4000, len(given))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def _bounds(values: Given) -> tuple[float, float] | tuple[None, None]:
    return interval(values) if len(values) else (None, None)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))} |"


def _figure(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() and abs(value) >= 2 else f"{value:.3f}"
