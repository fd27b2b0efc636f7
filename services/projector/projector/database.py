"""The projector's connections, and the making of its tables."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from projector.ddl import bare, ddl, shape
from shared.logs import get_logger
from shared.outage import DATABASE_AWAY, NOTICED_WHEN_GONE
from shared.own_settings import NEWEST, PATIENT, unhurried
from shared.reaching import postgres
from shared.refusal import Refusal
from shared.suited import check, suiting

LIVE = "public"
EVERY_LETTER = ("UTF8", "SQL_ASCII")
CONNECT_S = 5
TURN = 0x70726F6A
TURN_S = 0.5
REBUILD = 0x72656275
REBUILD_TRIES = 4
COMMAND_S = 60
STEADY = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
    "synchronous_commit": "on",
    "idle_in_transaction_session_timeout": "0",
    "application_name": "totalaud-projector",
    **NOTICED_WHEN_GONE,
    **NEWEST,
    **PATIENT,
}
REBUILDING = """
SELECT EXISTS (
  SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
  WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.granted
    AND (l.classid, l.objid, l.objsubid) = (0::oid, $1::bigint::oid, 1)
)
"""
AWAY = (*DATABASE_AWAY, asyncpg.InvalidCatalogNameError)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far the tables are; `shape` is None in tables of a release that did not know it."""

    seq: int
    epoch: UUID
    stream_created: datetime | None
    commit_id: UUID | None
    shape: str | None


@asynccontextmanager
async def connected(url: str, schema: str = LIVE, **settings: str) -> AsyncIterator[asyncpg.Connection]:
    """Connect to write into a schema, with plans that do not depend on how full the tables once were."""
    with suiting():
        connection = await postgres(
            url,
            timeout=CONNECT_S,
            command_timeout=COMMAND_S,
            max_cached_statement_lifetime=0,
            server_settings=STEADY | {"search_path": schema} | settings,
        )
    try:
        await check(connection)
        await unhurried(connection)
        await _never_sent(connection, "tsvector")
        yield connection
    finally:
        connection.terminate()


def check_letters(connection: asyncpg.Connection) -> None:
    """Refuse a database that cannot hold all that a text may have: whatever has it would be parked."""
    encoding = connection.get_settings().server_encoding
    if encoding not in EVERY_LETTER:
        why = f"the database's encoding is {encoding}, which has not every letter: make one of UTF8"
        raise Refusal("encoding", "database", why)


async def _never_sent(connection: asyncpg.Connection, kind: str) -> None:
    """Let rows be sent whose table has a column of that type: PostgreSQL computes it."""
    await connection.set_type_codec(kind, schema="pg_catalog", format="binary", encoder=bytes, decoder=bytes)


async def make(connection: asyncpg.Connection) -> None:
    """Make the tables in the connection's schema, where there are none."""
    if await connection.fetchval("SELECT to_regclass('checkpoint')") is None:
        await _make(connection, ddl())


async def make_bare(connection: asyncpg.Connection) -> None:
    """Make them without what is cheaper once they are full."""
    await _make(connection, bare())


async def _make(connection: asyncpg.Connection, statements: Sequence[str]) -> None:
    async with connection.transaction():
        await connection.execute(";".join(statements))
        await connection.execute(
            "INSERT INTO checkpoint (seq, epoch, shape) VALUES (0, $1, $2)", uuid4(), shape()
        )


async def checkpoint(connection: asyncpg.Connection) -> Checkpoint:
    """Read the one row of the live tables, whichever release made it."""
    row = await connection.fetchrow(f"SELECT * FROM {LIVE}.checkpoint")  # noqa: S608 - a name of our own
    told: dict[str, Any] = dict(row) if row else {}
    return Checkpoint(
        told.get("seq", 0),
        told.get("epoch", UUID(int=0)),
        told.get("stream_created"),
        told.get("commit_id"),
        told.get("shape"),
    )


async def which(connection: asyncpg.Connection) -> int:
    """Return what tells the live tables from those that a rebuild puts in their place."""
    return int(await connection.fetchval("SELECT $1::text::regclass::oid", f"{LIVE}.checkpoint"))


async def alone(connection: asyncpg.Connection) -> None:
    """Wait until no other projector is at work; the lock is free again when its connection ends."""
    waiting = False
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", TURN):
        if not waiting:
            get_logger().info("another projector is at work, this one stands by")
            waiting = True
        await asyncio.sleep(TURN_S)


async def first_to_rebuild(connection: asyncpg.Connection) -> bool:
    """Take the turn of rebuilds until the connection ends; one that broke off may have it a moment longer."""
    for _ in range(REBUILD_TRIES):
        if await connection.fetchval("SELECT pg_try_advisory_lock($1)", REBUILD):
            return True
        await asyncio.sleep(TURN_S)
    return False


async def rebuilding(connection: asyncpg.Connection) -> bool:
    """Tell whether these tables are being rebuilt, whichever projector was asked to."""
    return bool(await connection.fetchval(REBUILDING, REBUILD))


async def take_over(connection: asyncpg.Connection, epoch: UUID) -> int:
    """Begin an epoch and return the checkpoint: whoever wrote before is stopped at its next batch."""
    return int(await connection.fetchval("UPDATE checkpoint SET epoch = $1 RETURNING seq", epoch))
