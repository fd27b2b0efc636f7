"""The projection's rebuild, beside the same rows inserted by asyncpg alone: one `unnest` a table and batch.

The raw inserts go into the same tables with the same keys and indexes, each row once as it ends, in
transactions of as many sessions as the projector writes in one.
"""

import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import asyncpg

from bench.meter import Meter
from bench.ours import Ours
from bench.work import STEPS
from projector.reader import MOST, page
from projector.tables import ddl
from totalaud.door import Door
from totalaud.operator import Operator

RAW = "bench_raw"
TABLES = {"agent_sessions": "id", "agent_session_steps": "session_id", "skill_executions": "agent_session_id"}
KNOWN = ("skills", "agents")
MOST_SESSIONS = 20_000
COMMITS = STEPS + 1
TYPES = """
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
FROM pg_attribute a WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
IDS = "SELECT id FROM agent_sessions ORDER BY created_at, id LIMIT $1"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Rates; a commit of the log holds several events."""

    commits: int
    events: int
    seconds: float
    raw_events_per_s: float
    foreign_cores: float

    @property
    def share(self) -> float:
        """Of the speed of raw inserts."""
        return self.events_per_s / self.raw_events_per_s

    @property
    def events_per_s(self) -> float:
        return self.events / self.seconds

    @property
    def commits_per_s(self) -> float:
        return self.commits / self.seconds

    @property
    def raw_commits_per_s(self) -> float:
        return self.raw_events_per_s * self.commits / self.events


async def rebuilt(ours: Ours) -> Rebuilt:
    """Rebuild all of it, then insert up to 20,000 of its sessions raw."""
    meter = Meter({})
    door, bus = await Door.open(ours.stack.place.nats_url)
    try:
        done = await Operator(door, bus).rebuild()
        commits = events = 0
        while batch := await page(bus, commits + 1):
            commits += len(batch)
            events += sum(len(json.loads(entry.body)["events"]) for entry in batch)
    finally:
        await bus.close()
    await ours.check(0)
    sessions, seconds = await _raw(ours.stack.place.database_url)
    raw = events / ours.asked * sessions / seconds
    return Rebuilt(commits, events, done["seconds"], raw, meter.spent().foreign_cores)


async def _raw(url: str) -> tuple[int, float]:
    """Return how many sessions were inserted, and in how many seconds, reading not counted."""
    async with _raw_tables(url) as connection:
        columns = {table: await connection.fetch(TYPES, f"public.{table}") for table in TABLES}
        inserts = {table: _insert(table, columns[table]) for table in TABLES}
        ids = [row["id"] for row in await connection.fetch(IDS, MOST_SESSIONS)]
        seconds = 0.0
        waiting = iter(ids)
        while some := list(islice(waiting, MOST // COMMITS)):
            rows = {table: await _columns(connection, table, some) for table in TABLES}
            began = time.perf_counter()
            async with connection.transaction():
                for table in TABLES:
                    await connection.execute(inserts[table], *rows[table])
            seconds += time.perf_counter() - began
        return len(ids), seconds


@asynccontextmanager
async def _raw_tables(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Empty tables beside the live ones, with the skills and agents that rows refer to."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"CREATE SCHEMA {RAW}")
        await connection.execute(f"SET search_path = {RAW}")
        for statement in ddl():
            await connection.execute(statement)
        for table in KNOWN:
            await connection.execute(f"INSERT INTO {RAW}.{table} SELECT * FROM public.{table}")
        await connection.execute("SET search_path = public")
        yield connection
    finally:
        await connection.execute(f"DROP SCHEMA IF EXISTS {RAW} CASCADE")
        await connection.close()


def _insert(table: str, columns: Sequence[asyncpg.Record]) -> str:
    arrays = ", ".join(f"${number}::{column['type']}[]" for number, column in enumerate(columns, 1))
    names = ", ".join(column["name"] for column in columns)
    return f"INSERT INTO {RAW}.{table} ({names}) SELECT * FROM unnest({arrays})"


async def _columns(connection: asyncpg.Connection, table: str, ids: list[Any]) -> list[list[Any]]:
    """Read the rows of some sessions, turned into one list a column."""
    rows = await connection.fetch(f"SELECT * FROM public.{table} WHERE {TABLES[table]} = ANY($1)", ids)
    return [list(column) for column in zip(*rows, strict=True)]
