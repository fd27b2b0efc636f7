"""Tables beside the live ones: those of a rebuild under way, and those that the last one replaced."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from projector.tables import names
from shared.logs import get_logger
from shared.refusal import Refusal

NEXT, LAST = "projection_next", "projection_last"
WAIT_MS = 2_000
AGAIN_S = 0.1
DROPS = 10


async def drop(connection: asyncpg.Connection) -> None:
    """Drop what an earlier rebuild left and what this one replaced; raises Refusal where that cannot be."""
    for schema in (NEXT, LAST):
        for name in reversed(await tables(connection, schema)):
            with _told_of(connection):
                await _patiently(connection, f"DROP TABLE {schema}.{name} CASCADE")
        try:
            await connection.execute(f"DROP SCHEMA IF EXISTS {schema}")
        except asyncpg.DependentObjectsStillExistError:
            raise _stays(f"the schema {schema} holds something that is not ours: drop it") from None


@contextmanager
def _told_of(connection: asyncpg.Connection) -> Iterator[None]:
    """Name what others had made on the tables, and what PostgreSQL drops with them."""

    def hear(_: object, notice: asyncpg.PostgresLogMessage) -> None:
        get_logger().warning("went with the old tables", what=notice.detail or notice.message)

    connection.add_log_listener(hear)
    try:
        yield
    finally:
        connection.remove_log_listener(hear)


async def _patiently(connection: asyncpg.Connection, statement: str) -> None:
    """Wait for those who still read, and until vacuum gives way; nobody new comes to wait behind."""
    for _ in range(DROPS):
        try:
            await connection.execute(f"SET lock_timeout = {WAIT_MS}")
            await connection.execute(statement)
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(AGAIN_S)
        else:
            return
        finally:
            await connection.execute("RESET lock_timeout")
    raise _stays("old tables are still read: end the transaction that does")


def _stays(why: str) -> Refusal:
    """Say why tables of an earlier rebuild stay: there is no place for those of another one."""
    get_logger().warning("tables of a rebuild stay until the next one", reason=why)
    return Refusal("busy", None, f"{why}, and rebuild again")


async def tables(connection: asyncpg.Connection, schema: str) -> list[str]:
    """Return those of our tables that are in a schema, referred ones first."""
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)
    there = {row["tablename"] for row in rows}
    return [name for name in names() if name in there]
