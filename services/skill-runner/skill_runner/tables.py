"""The read model from inside a worker: one read-only connection, opened when first needed."""

import asyncio
import json
import re
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from skill_runner.context import SkillError

TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|::|:(?P<name>[A-Za-z_][A-Za-z0-9_]*)", re.DOTALL
)
POLL_S = 0.02
READ_ONLY = {"default_transaction_read_only": "on", "application_name": "totalaud-skill"}


class ReadModel:
    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._connection: Any = None
        self._seen = 0

    async def rows(
        self, sql: str, named: dict[str, Any], log_seq: int, wait_s: float
    ) -> list[dict[str, Any]]:
        text, values = positional(sql, named)
        connection = await self._connected()
        await self._caught_up(connection, log_seq, wait_s)
        found = await connection.fetch(text, *values)
        return [{name: _plain(value) for name, value in row.items()} for row in found]

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _caught_up(self, connection: Any, log_seq: int, wait_s: float) -> None:
        left = wait_s
        while self._seen < log_seq:
            self._seen = await _checkpoint(connection)
            if self._seen >= log_seq:
                return
            if left <= 0:
                raise SkillError(
                    "the tables are not yet as far as the log was when this step began",
                    retryable=True,
                    code="projection_behind",
                )
            await asyncio.sleep(POLL_S)
            left -= POLL_S

    async def _connected(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._url, server_settings=READ_ONLY, timeout=5)
            for kind in ("json", "jsonb"):
                await self._connection.set_type_codec(
                    kind, encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
                )
        return self._connection


def positional(sql: str, named: dict[str, Any]) -> tuple[str, list[Any]]:
    """Turn `:name` into `$1`, outside of quotes, comments and casts; raises KeyError for an unknown name."""
    order: list[str] = []

    def number(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            return found[0]
        if name not in named:
            raise KeyError(name)
        if name not in order:
            order.append(name)
        return f"${order.index(name) + 1}"

    return TOKEN.sub(number, sql), [named[name] for name in order]


def _plain(value: Any) -> Any:
    match value:
        case UUID():
            return str(value)
        case Decimal():
            return float(value)
        case list():
            return [_plain(inner) for inner in value]
        case _:
            return value


async def _checkpoint(connection: Any) -> int:
    try:
        seq = await connection.fetchval("SELECT seq FROM checkpoint")
    except asyncpg.UndefinedTableError:
        return 0
    return seq or 0
