"""Pitches by their attributes, and each value of an attribute against its other values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from library.exact import Table, lift, power_of_lift

DOUBLING = 2.0
TWO_SIDES = 2
UNKNOWN = -1

Condition = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Column:
    """One attribute of every pitch: `codes` point into `values`, -1 where it is unknown."""

    values: tuple[str, ...]
    codes: np.ndarray

    @classmethod
    def of(cls, given: Sequence[str | None]) -> "Column":
        values = tuple(sorted({value for value in given if value is not None}))
        place: dict[str | None, int] = {value: number for number, value in enumerate(values)}
        place[None] = UNKNOWN
        return cls(values, np.fromiter((place[value] for value in given), dtype=np.int32, count=len(given)))

    def known(self) -> int:
        return int((self.codes != UNKNOWN).sum())


@dataclass(frozen=True, slots=True)
class Sample:
    """Pitches: whether each succeeded, its attributes, what it is adjusted by, and of whom and what it is."""

    outcome: np.ndarray
    columns: dict[str, Column]
    stratum: Column
    campaign: Column
    contact: Column

    def mask(self, condition: Condition) -> np.ndarray:
        attribute, value = condition
        column = self.columns[attribute]
        return column.codes == column.values.index(value)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A condition, the pitches it holds for, those it does not, and how likely a doubling would be seen."""

    condition: Condition
    inside: np.ndarray
    outside: np.ndarray
    table: Table
    power: float

    @property
    def known(self) -> np.ndarray:
        return self.inside | self.outside


def candidates(
    sample: Sample, name: str, within: np.ndarray, *, level: float, min_support: int
) -> list[Candidate]:
    """Return the values with enough pitches on both sides; of two sides of one question, the better."""
    column = sample.columns[name]
    several = len(column.values) > TWO_SIDES
    of_value = level / len(column.values) if several else level
    known = within & (column.codes != UNKNOWN)
    found = []
    for number, value in enumerate(column.values):
        inside = known & (column.codes == number)
        table = table_of(sample.outcome, inside, known & ~inside)
        if min(table.n1, table.n0) >= min_support:
            power = power_of_lift(mean_of(table), table.n1, table.n0, times=DOUBLING, level=of_value)
            found.append(Candidate((name, value), inside, known & ~inside, table, power))
    if len(found) == TWO_SIDES and found[0].table.n1 == found[1].table.n0:
        return [max(found, key=lambda one: lift(one.table))]
    return found


def table_of(outcome: np.ndarray, inside: np.ndarray, outside: np.ndarray) -> Table:
    return Table(
        int((outcome & inside).sum()), int(inside.sum()), int((outcome & outside).sum()), int(outside.sum())
    )


def tables_by(sample: Sample, one: Candidate, by: Column) -> list[Table]:
    """Return the candidate's table in each stratum that has any of its pitches; unknown is a stratum."""
    outcome, codes, size = sample.outcome, by.codes + 1, len(by.values) + 1
    masks = (one.inside & outcome, one.inside, one.outside & outcome, one.outside)
    counts = [np.bincount(codes[mask], minlength=size) for mask in masks]
    return [Table(*map(int, row)) for row in zip(*counts, strict=True) if row[1] + row[3]]


def scores_by_cluster(sample: Sample, one: Candidate, by: Column) -> np.ndarray:
    """Return how condition and outcome go together in each cluster, the means of the strata taken off."""
    strata, clusters = sample.stratum.codes[one.known] + 1, by.codes[one.known]
    x = _centred(one.inside[one.known].astype(float), strata)
    y = _centred(sample.outcome[one.known].astype(float), strata)
    _, numbered = np.unique(clusters, return_inverse=True)
    return np.bincount(numbered, weights=x * y)


def table_without_the_loudest(sample: Sample, one: Candidate, by: Column) -> Table:
    """Return the candidate's table without the cluster that speaks most for what it shows."""
    scores = scores_by_cluster(sample, one, by)
    loudest = np.unique(by.codes[one.known])[np.argmax(scores * np.sign(scores.sum()))]
    others = by.codes != loudest
    return table_of(sample.outcome, one.inside & others, one.outside & others)


def decided_by_cluster(one: Candidate, by: Column) -> float:
    """Return the share of the condition's variance that lies between clusters, 0 to 1."""
    inside = one.inside[one.known].astype(float)
    within = _centred(inside, by.codes[one.known] + 1)
    whole = inside.var()
    return float(1 - within.var() / whole) if whole else 0.0


def mean_of(table: Table) -> float:
    return (table.k1 + table.k0) / (table.n1 + table.n0)


def _centred(values: np.ndarray, strata: np.ndarray) -> np.ndarray:
    counts = np.maximum(np.bincount(strata), 1)
    return values - (np.bincount(strata, weights=values) / counts)[strata]
