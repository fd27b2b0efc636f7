"""The floor's turn: its own NATS, a fresh database, three processes."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench import floor
from bench.contender import Contender, Turn
from bench.names import FLOOR
from bench.ours import SYNC_INTERVALS
from bench.piped import piped
from bench.reached import drained, log_at, tables_at
from bench.run import Sync
from bench.servers import Database, fetch_value, fresh_database, nats_server
from bench.work import STEPS, Wrong


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
                    lambda: drained(nats_url, "projector"),
                )

    return Contender(FLOOR, turn)


async def _provision(nats_url: str, database_url: str) -> None:
    async with log_at(nats_url) as client, tables_at(database_url) as connection:
        await floor.provision(client)
        await connection.execute(floor.TABLE)


async def _check(database_url: str, sessions: int) -> None:
    rows = await fetch_value(database_url, "SELECT count(*) FROM events")
    if rows != sessions * STEPS:
        raise Wrong(f"the floor has {rows} rows, should have {sessions * STEPS}")
