"""Medians and ratios: of runs of one contender, and of two that had their turns in the same rounds."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

from bench.rebuilding import Rebuilt
from bench.results import FirstWork, Results, trusted
from bench.run import Run, Setting

Measure = Callable[[Run], float]
Taken = TypeVar("Taken", Run, FirstWork, Rebuilt)


@dataclass(frozen=True, slots=True)
class Span:
    """A median and how far what it stands for reached; `quiet` unless others used the machine meanwhile."""

    middle: float
    low: float
    high: float
    quiet: bool = True


def span(values: Sequence[float], *, quiet: bool = True) -> Span:
    return Span(median(values), min(values), max(values), quiet)


def steps_per_s(run: Run) -> float:
    return run.steps_per_s


def cpu(run: Run) -> float:
    """Return µs per step over all processes but a receiver of traces, which runs elsewhere in earnest."""
    return sum(used for name, used in run.cpu_per_step.items() if name != "receiver")


def latency(share: float) -> Measure:
    """Return the measure of a quantile: ms of a session alone."""

    def of(run: Run) -> float:
        return quantile(run.ms, share)

    return of


def quantile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of them does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def value(all_: Sequence[Taken], measure: Callable[[Taken], float]) -> Span | None:
    """Return the median of what was taken in several rounds; the quiet ones alone, where there are any."""
    chosen = [one for one in all_ if trusted(one)] or list(all_)
    return span([measure(one) for one in chosen], quiet=all(map(trusted, chosen))) if chosen else None


def beside(results: Results, setting: Setting, mine: str, theirs: str, measure: Measure) -> Span | None:
    """Return the median over rounds of mine by theirs; of those quiet for both, if there are any."""
    ours = results.by_round(mine, setting)
    others = results.by_round(theirs, setting)
    pairs = [(ours[number], others[number]) for number in ours.keys() & others.keys()]
    chosen = [pair for pair in pairs if all(map(trusted, pair))] or pairs
    if not chosen:
        return None
    quiet = all(trusted(run) for pair in chosen for run in pair)
    return span([measure(one) / measure(other) for one, other in chosen], quiet=quiet)
