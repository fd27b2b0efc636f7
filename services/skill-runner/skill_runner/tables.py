"""The read model from inside a worker: one read-only connection, opened when first needed."""

import asyncio
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any

import asyncpg

from shared.outage import DATABASE_AWAY, NOTICED_WHEN_GONE
from shared.own_settings import PATIENT, TABLES, unhurried
from shared.reaching import postgres
from skill_runner.context import SkillError
from skill_runner.surroundings import OURS

QUERY = re.compile(
    r"(?:\s|\(|--[^\n]*|/\*.*?\*/)*+(?:select|with|values|table|show|explain)\b", re.DOTALL | re.IGNORECASE
)
TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|::|:(?P<name>[A-Za-z_][A-Za-z0-9_]*)", re.DOTALL
)
NO_QUERY = "sql: begins with none of SELECT, WITH, VALUES, TABLE, SHOW and EXPLAIN, so it is no query"
POLL_S = 0.02
CONNECT_AGAIN_S = 0.1
CONNECT_S, LEAST_S = 5.0, 1.0
SETTINGS = {
    "default_transaction_read_only": "on",
    "application_name": "totalaud-skill",
    "plan_cache_mode": "force_custom_plan",
    **NOTICED_WHEN_GONE,
    **TABLES,
    **PATIENT,
}


class Strings(dict[str, str]):
    """Strings that stand in many rows, one of each for all of them."""

    def __missing__(self, text: str) -> str:
        self[text] = text
        return text


class ReadModel:
    """Reads from the tables as they are once they have all up to a sequence of the log."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._connection: asyncpg.Connection | None = None
        self._strings = Strings()
        self._seen = 0

    async def rows(
        self, sql: str, named: dict[str, Any], log_seq: int, wait_s: float
    ) -> list[dict[str, Any]]:
        """Return the rows; raises SkillError where the tables are away or behind for `wait_s` seconds."""
        text, values = positional(sql, named)
        latest = time.monotonic() + wait_s
        while True:
            try:
                connection = await self._connected(latest)
                await self._caught_up(connection, log_seq, latest)
                return [dict(row) for row in await connection.fetch(text, *values)]
            except DATABASE_AWAY as error:
                if self._is_open() and not isinstance(error, asyncpg.TransactionRollbackError):
                    raise
                if time.monotonic() > latest:
                    raise SkillError(
                        "PostgreSQL is away, the tables cannot be read", retryable=True, code="tables_away"
                    ) from None
            finally:
                self._strings.clear()
            await asyncio.sleep(CONNECT_AGAIN_S)

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    def give_up(self) -> None:
        """Use the connection no more: an answer may be under way on it."""
        if self._connection is not None:
            self._connection.terminate()

    async def _caught_up(self, connection: asyncpg.Connection, log_seq: int, latest: float) -> None:
        while self._seen < log_seq:
            self._seen = await _checkpoint(connection, latest)
            if self._seen >= log_seq:
                return
            if time.monotonic() > latest:
                raise SkillError(
                    "the tables are not yet as far as the log was when this step began",
                    retryable=True,
                    code="projection_behind",
                )
            await asyncio.sleep(POLL_S)

    async def _connected(self, latest: float) -> asyncpg.Connection:
        if not self._is_open():
            self._seen = 0
            within_s = min(CONNECT_S, _left_s(latest))
            self._connection = await postgres(self._url, server_settings=SETTINGS, timeout=within_s)
            try:
                await _set_up(self._connection, self._strings)
            except BaseException:
                self.give_up()
                raise
        return self._connection

    def _is_open(self) -> bool:
        return self._connection is not None and not self._connection.is_closed()


class Blocking:
    """The read model for code that waits: a loop of its own, which runs while there is a query."""

    def __init__(self, tables: ReadModel) -> None:
        self._tables = tables
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(1, OURS))
        self._turn = Lock()

    def rows(self, sql: str, named: dict[str, Any], log_seq: int, wait_s: float) -> list[dict[str, Any]]:
        """Ask, one thread after the other; what was broken off, by a signal, is not gone on with."""
        with self._turn:
            try:
                return self._loop.run_until_complete(self._tables.rows(sql, named, log_seq, wait_s))
            except BaseException:
                for task in asyncio.all_tasks(self._loop):
                    task.cancel()
                    self._tables.give_up()
                raise

    def close(self) -> None:
        self._loop.run_until_complete(self._tables.close())
        self._loop.close()


def positional(sql: str, named: dict[str, Any]) -> tuple[str, list[Any]]:
    """Turn `:name` into `$1`, outside of quotes, comments and casts.

    Raises SkillError for a name without a value, and for what is no query: it would change the connection for
    whoever reads after it.
    """
    if QUERY.match(sql) is None:
        raise SkillError(NO_QUERY)
    order: list[str] = []

    def number(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            return found[0]
        if name not in named:
            raise SkillError(f"sql: nothing is given for :{name}")
        if name not in order:
            order.append(name)
        return f"${order.index(name) + 1}"

    return TOKEN.sub(number, sql), [named[name] for name in order]


async def _set_up(connection: asyncpg.Connection, strings: Strings) -> None:
    """Have it give values as skills know them: without that, JSON would come as text."""
    await unhurried(connection)
    plain = {
        "json": (json.dumps, json.loads),
        "jsonb": (json.dumps, json.loads),
        "uuid": (str, strings.__getitem__),
        "text": (_as_given, strings.__getitem__),
        "numeric": (str, float),
    }
    for kind, (encoder, decoder) in plain.items():
        await connection.set_type_codec(kind, encoder=encoder, decoder=decoder, schema="pg_catalog")


def _as_given(value: Any) -> Any:
    """Leave it to asyncpg to refuse what is no string."""
    return value


async def _checkpoint(connection: asyncpg.Connection, latest: float) -> int:
    """Give up a connection that brings no answer in time: its server stands still."""
    try:
        async with asyncio.timeout(_left_s(latest)):
            seq = await connection.fetchval("SELECT seq FROM checkpoint")
    except asyncpg.UndefinedTableError:
        return 0
    except TimeoutError:
        connection.terminate()
        raise
    return seq or 0


def _left_s(latest: float) -> float:
    return max(LEAST_S, latest - time.monotonic())
