"""Fills the tables anew beside the live ones and swaps them in one transaction; no reader notices."""

import asyncio
import time
from contextlib import suppress
from uuid import uuid4

import asyncpg

from projector import database
from projector.projection import Projection, read
from projector.reader import page
from projector.tables import names
from shared.bus import Bus

BESIDE, BEFORE = "rebuild", "before_rebuild"
LOCK_TIMEOUT_MS = 500
NEAR = 200


async def fill(bus: Bus, url: str, stream_created: str) -> Projection:
    """Project the whole log into a schema of its own until it is near the end."""
    connection = await database.connect(url, BESIDE)
    for schema in (BESIDE, BEFORE):
        await connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    await connection.execute(f"CREATE SCHEMA {BESIDE}")
    await database.prepare(connection, BESIDE)
    await connection.execute("UPDATE checkpoint SET stream_created = $1", stream_created)
    _, epoch = await database.take_over(connection)
    projection = Projection(connection, epoch, 0)
    await catch_up(bus, projection, near=NEAR)
    return projection


async def catch_up(bus: Bus, projection: Projection, *, near: int = 1) -> None:
    """Project until the last page had less than `near` commits."""
    count = near
    while count >= near:
        count = await step(bus, projection)


async def step(bus: Bus, projection: Projection) -> int:
    """Project one page; return how many commits it had."""
    entries = await page(bus, projection.seq + 1)
    if entries:
        await projection.take([read(entry) for entry in entries])
    return len(entries)


async def swap(bus: Bus, projection: Projection) -> None:
    """Put the new tables in the place of the old; tried again while readers hold the old ones."""
    connection = projection.connection
    epoch = uuid4()
    while True:
        await catch_up(bus, projection)
        try:
            async with connection.transaction():
                await connection.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
                if await _live_seq(connection) > projection.seq:
                    continue
                await connection.execute(f"CREATE SCHEMA {BEFORE}")
                for table in names():
                    await connection.execute(f"ALTER TABLE IF EXISTS public.{table} SET SCHEMA {BEFORE}")
                for table in names():
                    await connection.execute(f"ALTER TABLE {BESIDE}.{table} SET SCHEMA public")
                await connection.execute("UPDATE public.checkpoint SET epoch = $1", epoch)
        except asyncpg.LockNotAvailableError:
            await asyncio.sleep(0.05)
        else:
            break
    for schema in (BEFORE, BESIDE):
        with suppress(asyncpg.LockNotAvailableError):
            await connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


async def _live_seq(connection: asyncpg.Connection) -> int:
    """Return how far the live tables are, and hold them there until the transaction ends."""
    if await connection.fetchval("SELECT to_regclass('public.checkpoint')") is None:
        return 0
    return int(await connection.fetchval("SELECT seq FROM public.checkpoint FOR UPDATE"))


def seconds_since(began: float) -> float:
    return round(time.monotonic() - began, 3)
