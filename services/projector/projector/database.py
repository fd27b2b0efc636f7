"""The projector's connection and the schema it writes to."""

from uuid import UUID, uuid4

import asyncpg

from projector.tables import SHAPE, ddl

LOCK = 0x70726F6A
STEADY = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
    "synchronous_commit": "on",
    "application_name": "projector",
}


class OtherShape(Exception):  # noqa: N818 - a state of the tables
    """The tables were made by another release: the projection has to be rebuilt."""


async def connect(url: str, schema: str = "public") -> asyncpg.Connection:
    """Connect with plans that do not depend on how full the tables were when they were made."""
    settings = STEADY | {"search_path": schema}
    return await asyncpg.connect(url, timeout=5, command_timeout=60, server_settings=settings)


async def alone(connection: asyncpg.Connection) -> None:
    """Wait until no other projector holds the lock; it is free again when this connection ends."""
    await connection.execute("SELECT pg_advisory_lock($1)", LOCK, timeout=None)


async def prepare(connection: asyncpg.Connection, schema: str = "public") -> None:
    """Make the tables where there are none."""
    if await connection.fetchval("SELECT to_regclass($1)", f"{schema}.checkpoint") is None:
        async with connection.transaction():
            for statement in ddl():
                await connection.execute(statement)
            await connection.execute(
                "INSERT INTO checkpoint (seq, epoch, shape) VALUES (0, $1, $2)", uuid4(), SHAPE
            )
        return
    if await connection.fetchval("SELECT shape FROM checkpoint") != SHAPE:
        raise OtherShape


async def take_over(connection: asyncpg.Connection) -> tuple[int, UUID]:
    """Begin an epoch: whoever wrote before stops at its next batch. Returns checkpoint and epoch."""
    epoch = uuid4()
    return await connection.fetchval("UPDATE checkpoint SET epoch = $1 RETURNING seq", epoch), epoch
