"""Folds the changes of a batch: each row is written once, in as few waves as the order allows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import Struct

from projector.changes import (
    Add,
    Alter,
    Change,
    Doubt,
    Ensure,
    File,
    Keyed,
    Refold,
    Remove,
    Row,
    Spread,
)
from projector.columns import new_row
from projector.derived import derive


class Misfit(Exception):  # noqa: N818 - a verdict on the commit
    """It cannot be stored: a row is missing, or there already, or another user's."""


class Fate(Struct):
    """What becomes of one row; `added` cannot be there yet, `ensured` may be, `removed` comes before both."""

    added: dict[str, Any] | None = None
    ensured: dict[str, Any] | None = None
    values: dict[str, Any] = {}
    amounts: dict[str, Any] = {}
    removed: bool = False

    @property
    def altered(self) -> bool:
        return bool(self.values or self.amounts)

    @property
    def whole_is_known(self) -> bool:
        return self.added is not None or self.ensured is not None

    def whole(self, table: str) -> dict[str, Any]:
        """Return the row as it becomes where there was none."""
        row = self.added if self.added is not None else {**(self.ensured or {}), **self.values}
        _count(row, self.amounts)
        derive(table, row)
        return row

    def take(self, change: Keyed) -> None:
        match change:
            case Alter() if self.added is not None:
                self.added.update(change.values)
                if change.amounts:
                    _count(self.added, change.amounts)
            case Alter():
                self.values.update(change.values)
                if change.amounts:
                    _count(self.amounts, change.amounts)
            case Add():
                if self.added is not None or self.ensured is not None or self.altered:
                    raise Misfit(f"a row of {change.row.table} is added twice")
                self.added = new_row(change.row.table, change.values)
            case Ensure():
                if self.added is None and self.ensured is None and not self.altered:
                    self.ensured = new_row(change.row.table, change.values)
            case Remove():
                self.added = self.ensured = None
                self.values, self.amounts = {}, {}
                self.removed = True


@dataclass(slots=True)
class Wave:
    """Single rows first, then what spreads over other rows, last what is told anew from all of them."""

    tables: dict[str, dict[Row, Fate]] = field(default_factory=dict)
    spread: list[Spread] = field(default_factory=list)
    doubts: dict[Row, Doubt] = field(default_factory=dict)
    refold: dict[Row, Refold] = field(default_factory=dict)

    def fate(self, row: Row) -> Fate:
        fates = self.tables.get(row.table)
        if fates is None:
            fates = self.tables[row.table] = {}
        fate = fates.get(row)
        if fate is None:
            fate = fates[row] = Fate()
        return fate


def waves(commits: Iterable[tuple[str, Sequence[Change]]]) -> list[Wave]:
    """Fold (subject, changes) in the order of the log.

    After a change that spreads, the later commits of the same subject go into the next wave; those of others
    need not wait, for no commit alters another subject's rows. But a session waits for the skills that were
    filed beside it before, and they for what it did before them. A pitch or a doubt that is told anew once
    for many commits is the same as if told after each.
    """
    found = [Wave()]
    place: dict[str, int] = {}
    filed: dict[str, int] = {}
    for subject, changes in commits:
        place[subject] = max(place.get(subject, 0), filed.get(subject, 0))
        wave = found[place[subject]]
        spread: list[Spread] = []
        for change in changes:
            match change:
                case Alter() | Add() | Ensure() | Remove():
                    wave.fate(change.row).take(change)
                case Doubt(row):
                    wave.doubts[row] = change
                case Refold(pitch):
                    wave.refold[pitch] = change
                case _:
                    spread.append(change)
        if spread:
            sessions = [change.session.subject for change in spread if isinstance(change, File)]
            after = max(place.get(one, 0) for one in (subject, *sessions))
            found[after].spread += spread
            place[subject] = after + 1
            for session in sessions:
                filed[session] = max(filed.get(session, 0), after + 1)
            if after + 1 == len(found):
                found.append(Wave())
    return found


def _count(totals: dict[str, Any], amounts: Mapping[str, Any]) -> None:
    for name, amount in amounts.items():
        totals[name] = (totals.get(name) or 0) + amount
