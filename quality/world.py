"""Rows of known worlds, put into the read model's tables by COPY."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg

from projector.columns import new_row, types
from projector.namekeys import keys

Rows = Mapping[str, Sequence[Mapping[str, Any]]]

JSONB_VERSION = b"\x01"
NAMES = {"genres": "genre_keys", "regions": "region_keys"}
WORDS = """
UPDATE contacts SET search_words = concat_ws(' ', outlet, role, type,
    array_to_string(genres, ' '), array_to_string(regions, ' '))
WHERE search_words IS NULL
"""


async def load(connection: asyncpg.Connection, rows: Rows) -> None:
    """Add rows by table; a column that is not given has its default, keys and search words are made."""
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", format="binary", encoder=_jsonb, decoder=_plain
    )
    for name, given in rows.items():
        columns = list(types(name))
        records = (_record(name, columns, row) for row in given)
        await connection.copy_records_to_table(name, records=records, columns=columns)
        if name == "contacts":
            await connection.execute(WORDS)
        await connection.execute(f"ANALYZE {name}")


def _record(table: str, columns: Iterable[str], values: Mapping[str, Any]) -> tuple[Any, ...]:
    made = {
        NAMES[name]: keys(given)
        for name, given in values.items()
        if name in NAMES and given is not None and NAMES[name] in types(table)
    }
    row = new_row(table, {**made, **values})
    return tuple(row[column] for column in columns)


def _jsonb(value: Any) -> bytes:
    return JSONB_VERSION + json.dumps(value).encode()


def _plain(data: bytes) -> Any:
    return json.loads(data[1:])
