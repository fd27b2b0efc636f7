"""Writes waves on a connection: all single rows in one statement, which has to meet every one of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import asyncpg
from msgspec import Struct

from projector import spreading
from projector.changes import Cancel, CloseAlone, Doubt, File, FileAgain, Refold, Row, Skip, Spread
from projector.columns import Record, in_order, jsons, key, layout
from projector.statements import Group, Part, adding, altering, mask, removing, together
from projector.tables import names
from projector.waves import Fate, Wave
from shared.json import dumps

Fates = dict[Row, Fate]
Sent = tuple[str, Sequence[Any]]
NAMES = names()
MANY = 500


@dataclass(frozen=True, slots=True)
class Meant:
    """A group of parts with their parameters, and how many rows they have to meet: None, if any number."""

    parts: tuple[Part, ...]
    given: tuple[Any, ...]
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Where the checkpoint has to be, and where it goes: the last commit and its sequence."""

    seq: int
    to: int
    commit_id: UUID | None
    epoch: UUID

    @property
    def done(self) -> "Step":
        return replace(self, seq=self.to)


class Prepared(Struct, frozen=True):
    """A wave as PostgreSQL takes it: statements with what they are given, and rows to copy, in this order.

    `meant` goes into one statement, with the checkpoint's step.
    """

    removed: list[Sent]
    meant: list[Meant]
    copied: list[tuple[str, list[Record]]]
    spread: list[Sent]

    @property
    def in_one_go(self) -> bool:
        """Tell whether one statement will do, which is a transaction of its own."""
        return not (self.removed or self.copied or self.spread)


def prepare(wave: Wave) -> Prepared:
    """Say what writes a wave. Where many rows are added they are copied, all of them, after what alters.

    What refers to a row must not come before it.
    """
    records = Records()
    many = _many(wave)
    removed: list[Sent] = []
    meant: list[Meant] = []
    copied: list[tuple[str, list[Record]]] = []
    for table in NAMES:
        if fates := wave.tables.get(table):
            if _again(fates):
                removed.append((removing(table), _removed(fates)))
            meant += _meant(table, fates, records, copied=many)
            if many and (added := _added(table, fates, records)):
                copied.append((table, added))
    spread = [*_spread((*wave.spread, *wave.doubts.values()))]
    if wave.refold:
        spread.append((spreading.REFOLD, _columns(map(_refolded, wave.refold.values()))))
    return Prepared(removed, meant, copied, spread)


async def write(connection: asyncpg.Connection, prepared: Prepared, step: Step) -> None:
    """Write one wave, with the checkpoint's step.

    The statement fails when a row is not as it must be, or the checkpoint; then nothing may be kept.
    """
    for sql, given in prepared.removed:
        await connection.execute(sql, *given)
    stepped: list[Any] = [step.seq, step.to, step.commit_id, step.epoch]
    for one in prepared.meant:
        stepped += one.given if one.rows is None else (*one.given, one.rows)
    groups = tuple(Group(one.parts, one.rows is not None) for one in prepared.meant)
    await connection.execute(together(groups), *stepped)
    for table, added in prepared.copied:
        await connection.copy_records_to_table(table, records=added, columns=layout(table))
    for sql, given in prepared.spread:
        await connection.execute(sql, *given)


def _again(fates: Fates) -> bool:
    """Tell whether rows are added after they were removed."""
    return any(fate.removed and fate.whole_is_known for fate in fates.values())


def _many(wave: Wave) -> bool:
    return any(
        len(fates) >= MANY and sum(fate.added is not None for fate in fates.values()) >= MANY
        for fates in wave.tables.values()
    )


def _meant(table: str, fates: Fates, records: "Records", *, copied: bool) -> Iterator[Meant]:
    """Yield what removes, adds and alters rows; of a row that may be there, either adds or alters it."""
    removed = _removed(fates)
    if removed[0] and not _again(fates):
        yield Meant((Part(removing, 2, table),), removed)
    if not copied and (added := _added(table, fates, records)):
        yield Meant((Part(adding, 1, table),), (added,), len(added))
    either: list[Record] = []
    ensured: list[Record] = []
    for row, fate in fates.items():
        if fate.ensured is not None:
            (either if fate.altered else ensured).append(records.whole(table, row, fate))
    altered = {row: fate for row, fate in fates.items() if fate.altered}
    if ensured:
        yield Meant((Part(adding, 1, table),), (ensured,))
    if either:
        parts = (Part(adding, 1, table), Part(altering, 3, table))
        yield Meant(parts, (either, *_altered(table, altered, records)), len(altered))
    elif altered:
        yield Meant((Part(altering, 3, table),), _altered(table, altered, records), len(altered))


def _removed(fates: Fates) -> tuple[list[Any], list[Any]]:
    rows = [row for row, fate in fates.items() if fate.removed]
    return [row.key for row in rows], [row.user for row in rows]


def _added(table: str, fates: Fates, records: "Records") -> list[Record]:
    return [records.whole(table, row, fate) for row, fate in fates.items() if fate.added is not None]


def _altered(table: str, fates: Fates, records: "Records") -> tuple[list[Any], ...]:
    rows = [records.part(table, row, fate) for row, fate in fates.items()]
    masks = [mask(table, frozenset(fate.values)) for fate in fates.values()]
    return rows, masks, [row.user for row in fates]


class Records:
    """Makes records of a table's row type; a value is written as JSON once, however many rows hold it."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}

    def whole(self, table: str, row: Row, fate: Fate) -> Record:
        """Make it of a row as it becomes where there was none."""
        values = fate.whole(table)
        values[key(table)] = row.key
        return self._written(table, in_order(table)(values))

    def part(self, table: str, row: Row, fate: Fate) -> Record:
        """Make it of what is set and counted; the rest is NULL."""
        values = {**fate.values, **fate.amounts, key(table): row.key}
        return self._written(table, map(values.get, layout(table)))

    def _written(self, table: str, values: Iterable[Any]) -> Record:
        record = [*values]
        for place in jsons(table):
            if record[place] is not None:
                record[place] = self._text(record[place])
        return tuple(record)

    def _text(self, value: Any) -> str:
        text = self._texts.get(id(value))
        if text is None:
            text = self._texts[id(value)] = _as_json(value)
        return text


def _as_json(value: Any) -> str:
    """Write as JSON what was read as JSON, and so is none of the numbers and texts that it cannot hold."""
    return dumps(value).decode()


def _spread(changes: Iterable[Spread | Doubt]) -> Iterator[Sent]:
    """Yield statements with their columns, each once for all changes of a kind."""
    found: dict[str, list[Record]] = {}
    for change in changes:
        match change:
            case Skip(session):
                found.setdefault(spreading.SKIP, []).append((session.key, session.user))
            case Cancel(session, at):
                for sql in (spreading.CANCEL_STEPS, spreading.CANCEL_ATTEMPTS):
                    found.setdefault(sql, []).append((session.key, session.user, at))
            case CloseAlone(execution_id, user, at):
                found.setdefault(spreading.CLOSE_ALONE, []).append((execution_id, user, at))
            case Doubt(session):
                for sql in (spreading.DOUBT_OF_STEPS, spreading.DOUBT):
                    found.setdefault(sql, []).append((session.key, session.user))
            case File(attempt, session):
                found.setdefault(spreading.FILE, []).append((attempt.key, attempt.user, session.uuid))
            case FileAgain(attempt, execution_id):
                found.setdefault(spreading.FILE_AGAIN, []).append((attempt.key, attempt.user, execution_id))
    for sql in spreading.IN_ORDER:
        if sql in found:
            yield sql, _columns(found[sql])


def _refolded(change: Refold) -> Record:
    return change.pitch.key, change.pitch.user, change.campaign_id, change.contact_id


def _columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
