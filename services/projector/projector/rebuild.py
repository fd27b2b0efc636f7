"""Fills new tables beside the live ones from the whole log, and swaps them in one transaction."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

import asyncpg

from projector import database
from projector.beside import LAST, NEXT, drop, tables
from projector.database import LIVE, connected
from projector.filling import MOST, catch_up
from projector.finishing import finish
from projector.lanes import Lanes
from projector.origin import Origin
from projector.projection import Projection
from projector.tables import names
from shared.bus import Bus
from shared.logs import get_logger
from shared.refusal import Refusal

LOCK_MS, LOCKS_MS, IDLE_MS = 200, 700, 5_000
VACUUM_MS = 2_000
SOON = """
SELECT set_config('deadlock_timeout', '100ms', true) WHERE has_parameter_privilege('deadlock_timeout', 'SET')
"""
AGAIN_S = 0.1
GRANTS = """
SELECT format('GRANT %s ON %I.%I TO %s', privilege_type, table_schema, table_name,
  CASE grantee WHEN 'PUBLIC' THEN 'PUBLIC' ELSE quote_ident(grantee) END) AS sql
FROM information_schema.role_table_grants
WHERE table_schema = $1 AND table_name = ANY($2) AND grantee <> current_user
"""


class Behind(Exception):  # noqa: N818 - try again
    """The live tables are further than the new ones."""


BUSY = (Behind, asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError, asyncpg.DeadlockDetectedError)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """`events` counts commits."""

    events: int
    seconds: float


class Live(Protocol):
    """The live projection, as far as a rebuild has to do with it."""

    @property
    def gate(self) -> AbstractAsyncContextManager[Any]:
        """Held while nothing is projected."""
        ...

    def swapped(self) -> None:
        """Tell it that other tables are in place."""
        ...


async def rebuild(bus: Bus, url: str, live: Live, lanes: Lanes | None = None) -> Rebuilt:
    """Rebuild while the live tables go on; a reader sees the old ones, then the new ones, never less.

    Without lanes one process does it all. A crash of PostgreSQL may take tables that nobody reads yet, so the
    only commit that waits for the disk is the swap's, which takes what came before it along. The commits of
    lanes wait too: `pages.look` has to come after that.
    """
    began = time.monotonic()
    try:
        seq = await _rebuilt(bus, url, live, lanes, keys_last=True)
    except asyncpg.ForeignKeyViolationError:
        get_logger().warning("a history refers to what is not there: rebuilding with all keys in place")
        seq = await _rebuilt(bus, url, live, lanes, keys_last=False)
    return Rebuilt(seq, round(time.monotonic() - began, 3))


async def progress(connection: asyncpg.Connection) -> int:
    """Return how far the new tables are; 0 before there are any, and again once they are in place."""
    try:
        return int(await connection.fetchval(f"SELECT seq FROM {NEXT}.checkpoint") or 0)  # noqa: S608
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return 0


async def _rebuilt(bus: Bus, url: str, live: Live, lanes: Lanes | None, *, keys_last: bool) -> int:
    """Fill new tables and swap; with the keys first, a row that refers to none is parked as it is live.

    Raises ForeignKeyViolationError for such a row when the keys come last: it is too late then to park it.
    """
    async with connected(url, NEXT, synchronous_commit="off") as connection:
        database.check_letters(connection)
        if not await database.first_to_rebuild(connection):
            raise Refusal("busy", None, "a rebuild is running: wait for its end")
        await drop(connection)
        try:
            return await _filled(bus, url, connection, live, lanes, keys_last=keys_last)
        finally:
            with suppress(*database.AWAY, Refusal):
                await drop(connection)


async def _filled(
    bus: Bus, url: str, connection: asyncpg.Connection, live: Live, lanes: Lanes | None, *, keys_last: bool
) -> int:
    await connection.execute(f"CREATE SCHEMA {NEXT}")
    await (database.make_bare if keys_last else database.make)(connection)
    await _each(connection, "SET (autovacuum_enabled = off)")
    origin = Origin(bus)
    await connection.execute("UPDATE checkpoint SET stream_created = $1", await origin.created())
    epoch = uuid4()
    projection = Projection(connection, epoch, await database.take_over(connection, epoch))
    if lanes is not None and (upto := await origin.last_seq()) > MOST:
        await lanes.fill(upto, epoch)
        await projection.follow(upto)
    await catch_up(bus, projection)
    await finish(connection, url, keys=keys_last)
    await _each(connection, "RESET (autovacuum_enabled)")
    await _take_the_place(bus, projection, live)
    return projection.seq


async def _each(connection: asyncpg.Connection, change: str) -> None:
    """Change every new table: vacuum has little to do in one that is being filled, and nobody plans by it."""
    await connection.execute("; ".join(f"ALTER TABLE {NEXT}.{name} {change}" for name in names()))


async def _take_the_place(bus: Bus, projection: Projection, live: Live) -> None:
    """Swap while the live projection stands still between two batches; again while somebody reads long."""
    origin = Origin(bus)
    while True:
        await _stop_vacuum(projection.connection)
        await catch_up(bus, projection)
        async with live.gate:
            await catch_up(bus, projection)
            with suppress(*BUSY):
                await _swap(projection, origin)
                live.swapped()
                return
        await asyncio.sleep(AGAIN_S)


async def _stop_vacuum(connection: asyncpg.Connection) -> None:
    """Have PostgreSQL's own vacuum leave the live tables: it stands in nobody's way but the swap's.

    It gives way to whoever has waited for `deadlock_timeout`, a second where we may not set it. The swap may
    not wait that long, for readers wait behind it; this lock no reader minds, nor does the live projection.
    """
    with suppress(asyncpg.LockNotAvailableError):
        async with connection.transaction():
            await connection.execute(f"SET LOCAL lock_timeout = {VACUUM_MS}")
            await connection.execute(SOON)
            for name in await tables(connection, LIVE):
                await connection.execute(f"LOCK TABLE {LIVE}.{name} IN SHARE UPDATE EXCLUSIVE MODE")


async def _swap(projection: Projection, origin: Origin) -> None:
    """Take all locks in one statement, given up before a reader could be found in a deadlock with it.

    PostgreSQL ends the transaction where this process stands still in it: readers wait behind the locks.
    """
    connection = projection.connection
    async with connection.transaction():
        await connection.execute("SET LOCAL synchronous_commit = on")
        await connection.execute(f"SET LOCAL lock_timeout = {LOCK_MS}")
        await connection.execute(f"SET LOCAL statement_timeout = {LOCKS_MS}")
        await connection.execute(f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_MS}")
        old = await tables(connection, LIVE)
        if old:
            await connection.execute("LOCK TABLE " + ", ".join(f"{LIVE}.{name}" for name in old))
        if "checkpoint" in old and await _further(connection, projection, origin):
            raise Behind
        grants = [row["sql"] for row in await connection.fetch(GRANTS, LIVE, names())]
        await connection.execute(f"CREATE SCHEMA {LAST}")
        for name in old:
            await connection.execute(f"ALTER TABLE {LIVE}.{name} SET SCHEMA {LAST}")
        for name in names():
            await connection.execute(f"ALTER TABLE {NEXT}.{name} SET SCHEMA {LIVE}")
        for grant in grants:
            await connection.execute(grant)


async def _further(connection: asyncpg.Connection, projection: Projection, origin: Origin) -> bool:
    """Tell whether the live tables are further than the new ones; those of another log do not count."""
    at = await database.checkpoint(connection)
    return at.seq > projection.seq and await origin.made(at)
