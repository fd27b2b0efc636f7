"""The read model beside the log: every column of every row must be what the folded log says."""

import json
from collections.abc import Iterable
from typing import Any

import asyncpg
from sqlalchemy import Table

from projector import record_tables
from projector.columns import key
from projector.fold import Record, fold
from projector.reader import page
from projector.tables import names
from shared.bus import Bus
from shared.direct_get import Entry

RECORDS = frozenset(one.name for one in vars(record_tables).values() if isinstance(one, Table)) - {
    "snapshots"
}
COMPARED = tuple(name for name in names() if name not in {"checkpoint", "projection_errors"})


async def whole_log(bus: Bus) -> list[Entry]:
    found: list[Entry] = []
    while entries := await page(bus, len(found) + 1):
        found += entries
    return found


async def rows_of(url: str) -> dict[str, dict[Any, Record]]:
    """Return all rows by table and key."""
    connection = await asyncpg.connect(url)
    try:
        await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=_held, schema="pg_catalog")
        found = {}
        async with connection.transaction(isolation="repeatable_read"):
            for table in COMPARED:
                rows = await connection.fetch(f"SELECT * FROM public.{table}")
                found[table] = {row[key(table)]: dict(row) for row in rows}
        return found
    finally:
        await connection.close()


def _held(text: str) -> Any:
    """Read a value: one that is not there is NULL, for that is what SQL asks for."""
    assert text != "null"
    return json.loads(text)


async def expected_of(entries: Iterable[Entry], url: str) -> dict[str, dict[Any, Record]]:
    """Return what the folded log says; only the words of a contact are left to PostgreSQL to cut up."""
    tables = fold(entries).tables
    connection = await asyncpg.connect(url)
    try:
        for contact in tables["contacts"].values():
            words = await connection.fetchval("SELECT to_tsvector('simple', $1)", contact["search_words"])
            contact["search"] = words
    finally:
        await connection.close()
    return {table: tables[table] for table in COMPARED}


async def assert_folded(bus: Bus, url: str) -> dict[str, dict[Any, Record]]:
    """Compare every column of every row; returns the rows."""
    return await assert_folds(await whole_log(bus), url)


async def assert_folds(entries: Iterable[Entry], url: str) -> dict[str, dict[Any, Record]]:
    have, want = await rows_of(url), await expected_of(entries, url)
    for table in COMPARED:
        assert have[table].keys() == want[table].keys(), table
        for row_key, row in have[table].items():
            differ = {
                name: (value, want[table][row_key][name])
                for name, value in row.items()
                if value != want[table][row_key][name]
            }
            assert not differ, (table, row_key, differ)
    return have
