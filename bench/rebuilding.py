"""The projection's rebuild, beside the same rows put there by asyncpg alone: an `unnest` or a COPY a table.

COPY is the fastest that asyncpg has, and what the rebuild itself uses. The raw rows go into the same tables
with the same keys and indexes, each row once as it ends, in transactions of as many sessions as the rebuild
writes in one, and wait for the disk as little as that does.
"""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import asyncpg

from bench.history import COMMITS
from bench.meter import Meter
from bench.ours import Ours
from bench.reached import tables_at
from projector.ddl import ddl
from projector.filling import MOST
from projector.reader import page
from totalaud.door import connected
from totalaud.operator import Operator

RAW = "bench_raw"
TABLES = {"agent_sessions": "id", "agent_session_steps": "session_id", "skill_executions": "agent_session_id"}
KNOWN = ("skills", "agents")
MOST_SESSIONS = 20_000
Rows = list[tuple[Any, ...]]
Put = Callable[[asyncpg.Connection, str, Rows], Awaitable[None]]
IDS = "SELECT id FROM agent_sessions ORDER BY created_at, id LIMIT $1"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Rates; a commit of the log holds several events."""

    commits: int
    events: int
    seconds: float
    raw_events_per_s: float
    copy_events_per_s: float
    foreign_cores: float

    @property
    def share(self) -> float:
        """Of the speed of raw inserts by `unnest`."""
        return self.events_per_s / self.raw_events_per_s

    @property
    def share_of_copy(self) -> float:
        return self.events_per_s / self.copy_events_per_s

    @property
    def events_per_s(self) -> float:
        return self.events / self.seconds


@dataclass(frozen=True, slots=True)
class Raw:
    """Sessions a second, all their rows; reading them is not counted."""

    unnest: float
    copy: float


async def rebuilt(ours: Ours) -> Rebuilt:
    """Rebuild all of it, then insert up to 20,000 of its sessions raw."""
    meter = Meter({})
    async with connected(ours.stack.place.nats_url) as bus:
        done = await Operator(bus).rebuild()
        commits = events = 0
        while batch := await page(bus, commits + 1):
            commits += len(batch)
            events += sum(len(json.loads(entry.body)["events"]) for entry in batch)
    await ours.check(0)
    found = await raw(ours.stack.place.database_url)
    each = events / ours.asked
    return Rebuilt(
        commits, events, done["seconds"], each * found.unnest, each * found.copy, meter.spent().foreign_cores
    )


async def raw(url: str) -> Raw:
    return Raw(await _raw(url, _unnest), await _raw(url, _copy))


async def _raw(url: str, put: Put) -> float:
    async with _raw_tables(url) as connection:
        ids = [row["id"] for row in await connection.fetch(IDS, MOST_SESSIONS)]
        seconds = 0.0
        waiting = iter(ids)
        while some := list(islice(waiting, MOST // COMMITS)):
            rows = {table: await _rows(connection, table, some) for table in TABLES}
            began = time.perf_counter()
            async with connection.transaction():
                for table in TABLES:
                    await put(connection, table, rows[table])
            seconds += time.perf_counter() - began
        return len(ids) / seconds


async def _copy(connection: asyncpg.Connection, table: str, rows: Rows) -> None:
    await connection.copy_records_to_table(table, schema_name=RAW, records=rows)


async def _unnest(connection: asyncpg.Connection, table: str, rows: Rows) -> None:
    sql = f"INSERT INTO {RAW}.{table} SELECT * FROM unnest($1::{RAW}.{table}[])"
    await connection.execute(sql, rows)


@asynccontextmanager
async def _raw_tables(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Empty tables beside the live ones, with the skills and agents that rows refer to."""
    async with tables_at(url) as connection:
        try:
            await connection.execute(f"CREATE SCHEMA {RAW}")
            await connection.execute(f"SET search_path = {RAW}")
            for statement in ddl():
                await connection.execute(statement)
            for table in KNOWN:
                await connection.execute(f"INSERT INTO {RAW}.{table} SELECT * FROM public.{table}")
            await connection.execute("SET search_path = public; SET synchronous_commit = off")
            yield connection
        finally:
            await connection.execute(f"DROP SCHEMA IF EXISTS {RAW} CASCADE")


async def _rows(connection: asyncpg.Connection, table: str, ids: list[Any]) -> Rows:
    sql = f"SELECT * FROM public.{table} WHERE {TABLES[table]} = ANY($1)"
    return [tuple(row) for row in await connection.fetch(sql, ids)]
