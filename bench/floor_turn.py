"""The floor's turn: its own NATS, a fresh database, three processes."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from bench import floor
from bench.contender import Contender, Turn
from bench.ours import SYNC_INTERVALS
from bench.piped import piped
from bench.run import Sync
from bench.servers import Database, fetch_value, fresh_database, nats_server
from bench.work import STEPS, Wrong

NAME = "floor"
LOOK_EVERY_S = 0.005


def contender(data: Path, sync: Sync, postgres: Database) -> Contender:
    @asynccontextmanager
    async def turn() -> AsyncIterator[Turn]:
        shutil.rmtree(data, ignore_errors=True)
        async with (
            nats_server(data, SYNC_INTERVALS[sync]) as (nats_url, nats_pid),
            fresh_database(postgres, "floor") as database_url,
        ):
            await _provision(nats_url, database_url)
            env = {"FLOOR_NATS_URL": nats_url, "FLOOR_DATABASE_URL": database_url}
            async with (
                piped("bench.floor", "work", env=env, log=data / "logs" / "worker.log") as worker,
                piped("bench.floor", "project", env=env, log=data / "logs" / "projector.log") as projector,
                piped("bench.floor", "drive", env=env, log=data / "logs" / "driver.log") as driver,
            ):
                groups = {
                    "nats": [nats_pid],
                    "skill-runner": [worker.pid],
                    "projector": [projector.pid],
                    "postgres": [postgres.pid],
                    "driver": [driver.pid],
                }
                yield Turn(
                    [driver],
                    groups,
                    lambda sessions: _check(database_url, sessions),
                    lambda: _drained(nats_url),
                )

    return Contender(NAME, turn)


async def _provision(nats_url: str, database_url: str) -> None:
    async with floor.connected(nats_url) as client:
        await floor.provision(client)
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(floor.TABLE)
    finally:
        await connection.close()


async def _drained(nats_url: str) -> None:
    """Wait for the projector's last batch."""
    async with floor.connected(nats_url) as client:
        while True:
            info = await client.jetstream().consumer_info("EVT", "projector")
            if not info.num_pending and not info.num_ack_pending:
                return
            await asyncio.sleep(LOOK_EVERY_S)


async def _check(database_url: str, sessions: int) -> None:
    rows = await fetch_value(database_url, "SELECT count(*) FROM events")
    if rows != sessions * STEPS:
        raise Wrong(f"the floor has {rows} rows, should have {sessions * STEPS}")
