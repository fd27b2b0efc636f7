"""Writes waves on a connection: bulk statements, each checked to have met every row it was meant for."""

import json
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from projector import statements
from projector.changes import Cancel, CloseAlone, File, FileAgain, Refold, Row, Skip, Spread
from projector.columns import key
from projector.tables import names
from projector.waves import Fate, Misfit, Wave

Json = dict[str, Any]


async def write(connection: asyncpg.Connection, wave: Wave) -> None:
    """Write one wave; raises Misfit when a row is not as it must be, and then nothing may be kept."""
    for table in names():
        rows = wave.tables.get(table)
        if rows:
            await _write_table(connection, table, rows)
    for sql, values in _spread(wave.spread):
        if values:
            await connection.execute(sql, dump(values))
    if wave.refold:
        await connection.execute(statements.REFOLD, dump([_refolded(one) for one in wave.refold.values()]))


async def _write_table(connection: asyncpg.Connection, table: str, rows: dict[Row, Fate]) -> None:
    """Remove, add, then alter what was not added just now as it becomes."""
    id_ = key(table)
    removed = [{id_: row.key, "owner": row.user} for row, fate in rows.items() if fate.removed]
    added = [{**fate.added, id_: row.key} for row, fate in rows.items() if fate.added is not None]
    ensured = [{**fate.whole(table), id_: row.key} for row, fate in rows.items() if fate.ensured is not None]
    new: set[Row] = set()
    if removed:
        await connection.execute(statements.removing(table), dump(removed))
    if added:
        await _exactly(connection, table, len(added), statements.adding(table), dump(added))
    if ensured:
        new = {Row(table, *put) for put in await connection.fetch(statements.ensuring(table), dump(ensured))}
    altered = [_altered(row, fate) for row, fate in rows.items() if fate.altered and row not in new]
    if altered:
        await _exactly(connection, table, len(altered), statements.altering(table), dump(altered))


def _altered(row: Row, fate: Fate) -> Json:
    set_ = statements.mask(row.table, frozenset(fate.values))
    return {**fate.values, **fate.amounts, key(row.table): row.key, "owner": row.user, "mask": set_}


def dump(rows: list[Json]) -> str:
    """Write JSON; raises Misfit for what JSON cannot hold."""
    try:
        text = json.dumps(rows, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
        text.encode()
    except (ValueError, RecursionError):
        raise Misfit("a value that JSON cannot hold") from None
    return text


def _spread(changes: Iterable[Spread]) -> list[tuple[str, list[Json]]]:
    cancelled: list[Json] = []
    skipped: list[Json] = []
    closed: list[Json] = []
    filed: list[Json] = []
    filed_again: list[Json] = []
    for change in changes:
        match change:
            case Skip(session):
                skipped.append({"id": session.key, "owner": session.user})
            case Cancel(session, at):
                cancelled.append({"id": session.key, "owner": session.user, "at": at})
            case CloseAlone(execution_id, user, at):
                closed.append({"id": execution_id, "owner": user, "at": at})
            case File(attempt, session_id):
                filed.append({"id": attempt.key, "owner": attempt.user, "session_id": session_id})
            case FileAgain(attempt, execution_id):
                filed_again.append({"id": attempt.key, "owner": attempt.user, "execution_id": execution_id})
    return [
        (statements.SKIP, skipped),
        (statements.CANCEL_STEPS, cancelled),
        (statements.CANCEL_ATTEMPTS, cancelled),
        (statements.CLOSE_ALONE, closed),
        (statements.FILE, filed),
        (statements.FILE_AGAIN, filed_again),
    ]


def _refolded(change: Refold) -> Json:
    return {
        "id": change.pitch.key,
        "owner": change.pitch.user,
        "campaign_id": change.campaign_id,
        "contact_id": change.contact_id,
    }


async def _exactly(connection: asyncpg.Connection, table: str, count: int, sql: str, rows: str) -> None:
    done = await connection.execute(sql, rows)
    if int(done.rsplit(" ", 1)[-1]) != count:
        raise Misfit(f"a row of {table} is missing, or another user's")


def _plain(value: Any) -> Any:
    match value:
        case UUID() | Decimal():
            return str(value)
        case date():
            return value.isoformat()
        case _:
            raise TypeError(f"{type(value).__name__} has no place in a row")
