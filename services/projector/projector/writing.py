"""Writes waves on a connection: all single rows in one statement, which has to meet every one of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from pydantic_core import PydanticSerializationError, to_json

from projector import spreading
from projector.changes import Cancel, CloseAlone, File, FileAgain, Refold, Row, Skip, Spread
from projector.columns import jsons, key, layout
from projector.statements import Part, adding, altering, ensuring, mask, removing, together
from projector.tables import names
from projector.waves import Fate, Misfit, Wave

Fates = dict[Row, Fate]
Record = tuple[Any, ...]
NAMES = names()
MANY = 500


@dataclass(frozen=True, slots=True)
class Meant:
    """A piece of a statement with its parameters, and how many rows it has to meet: None, if any number."""

    part: Part
    given: tuple[Any, ...]
    rows: int | None = None


async def write(connection: asyncpg.Connection, wave: Wave, first: Meant | None = None) -> bool:
    """Write one wave; raises Misfit when a row is not as it must be, and then nothing may be kept.

    `first` is done beside; False when that did not meet what it was meant for.
    """
    records = Records()
    meant = [first] if first else []
    for table in NAMES:
        if fates := wave.tables.get(table):
            meant += await _table(connection, table, fates, records)
    if meant:
        given = [one for piece in meant for one in piece.given]
        met = await connection.fetchrow(together(tuple(piece.part for piece in meant)), *given)
        for piece, rows in zip(meant, met, strict=True):
            if piece.rows not in (None, rows):
                if piece is first:
                    return False
                raise Misfit(f"a row of {piece.part.table} is missing, or another user's")
    for sql, columns in _spread(wave.spread):
        await connection.execute(sql, *columns)
    if wave.refold:
        await connection.execute(spreading.REFOLD, *_columns(map(_refolded, wave.refold.values())))
    return True


async def _table(
    connection: asyncpg.Connection, table: str, fates: Fates, records: "Records"
) -> Iterable[Meant]:
    """Return what removes, adds and alters rows; done at once is only what the rest has to see done."""
    removed = [row for row, fate in fates.items() if fate.removed]
    added = [
        records.of(table, row, fate.whole(table)) for row, fate in fates.items() if fate.added is not None
    ]
    ensured = {row: fate for row, fate in fates.items() if fate.ensured is not None}
    altered = {row: fate for row, fate in fates.items() if fate.altered}
    meant = []
    if removed:
        gone = ([row.key for row in removed], [row.user for row in removed])
        if any(row in ensured or fates[row].added is not None for row in removed):
            await connection.execute(removing(table), *gone)
        else:
            meant.append(Meant(Part(removing, 2, table), gone))
    if len(added) >= MANY:
        await connection.copy_records_to_table(table, records=added, columns=layout(table))
    elif added:
        meant.append(Meant(Part(adding, 1, table), (added,), len(added)))
    if ensured:
        new = [records.of(table, row, fate.whole(table)) for row, fate in ensured.items()]
        if ensured.keys() & altered.keys():
            for put in await connection.fetch(ensuring(table), new):
                altered.pop(Row(table, *put), None)
        else:
            meant.append(Meant(Part(adding, 1, table), (new,)))
    if altered:
        meant.append(Meant(Part(altering, 3, table), _altered(table, altered, records), len(altered)))
    return meant


def _altered(table: str, fates: Fates, records: "Records") -> tuple[list[Any], ...]:
    rows = [records.of(table, row, {**fate.values, **fate.amounts}) for row, fate in fates.items()]
    masks = [mask(table, frozenset(fate.values)) for fate in fates.values()]
    return rows, masks, [row.user for row in fates]


class Records:
    """Makes records of a table's row type; a value is written as JSON once, however many rows hold it."""

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}

    def of(self, table: str, row: Row, values: dict[str, Any]) -> Record:
        values[key(table)] = row.key
        record = [*map(values.get, layout(table))]
        for place in jsons(table):
            if record[place] is not None:
                record[place] = self._text(record[place])
        return tuple(record)

    def _text(self, value: Any) -> str:
        text = self._texts.get(id(value))
        if text is None:
            text = self._texts[id(value)] = as_json(value)
        return text


def as_json(value: Any) -> str:
    """Write JSON; raises Misfit for what JSON cannot hold."""
    try:
        return to_json(value, inf_nan_mode="constants").decode()
    except (PydanticSerializationError, ValueError):
        raise Misfit("a value that JSON cannot hold") from None


def _spread(changes: Iterable[Spread]) -> Iterator[tuple[str, list[list[Any]]]]:
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
            case File(attempt, session_id):
                found.setdefault(spreading.FILE, []).append((attempt.key, attempt.user, session_id))
            case FileAgain(attempt, execution_id):
                found.setdefault(spreading.FILE_AGAIN, []).append((attempt.key, execution_id))
    for sql in spreading.IN_ORDER:
        if sql in found:
            yield sql, _columns(found[sql])


def _refolded(change: Refold) -> Record:
    return change.pitch.key, change.pitch.user, change.campaign_id, change.contact_id


def _columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
