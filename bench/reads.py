"""Readers of the tables who notice what a reader must never see: a failed query, a state older than the last.

Each asks what a client asks: how far the tables are, the newest sessions, some of them with their steps and
attempts. Every query is one read.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from bench.reached import tables_at

READERS, PAUSE_S = 3, 0.05
SEQ = "SELECT seq FROM checkpoint"
NEWEST = "SELECT id FROM agent_sessions ORDER BY created_at DESC, id LIMIT 20"
SESSION = "SELECT * FROM agent_sessions WHERE id = $1"
STEPS = "SELECT * FROM agent_session_steps WHERE session_id = $1 ORDER BY step_number"
ATTEMPTS = "SELECT * FROM skill_executions WHERE agent_session_id = $1 ORDER BY step_number, attempt"


@dataclass(slots=True)
class Reads:
    """What readers met with; `told` are the first faults in words."""

    done: int = 0
    failed: int = 0
    backward: int = 0
    told: list[str] = field(default_factory=list)

    def fault(self, what: str) -> None:
        if len(self.told) < 10:
            self.told.append(what)

    def went_back(self, what: str) -> None:
        self.backward += 1
        self.fault(what)


@asynccontextmanager
async def reading(url: str) -> AsyncIterator[Reads]:
    """Read all the time, by several connections: some 500 queries a second together."""
    reads = Reads()
    enough = asyncio.Event()
    async with asyncio.TaskGroup() as readers:
        for number in range(READERS):
            readers.create_task(_Reader(reads, random.Random(number)).read(url, enough))
        try:
            yield reads
        finally:
            enough.set()


class _Reader:
    """Remembers what it saw last: the checkpoint, and of each session the sequence and how many rows."""

    def __init__(self, reads: Reads, chance: random.Random) -> None:
        self._reads = reads
        self._chance = chance
        self._seq = 0
        self._sessions: dict[UUID, tuple[int, int, int]] = {}

    async def read(self, url: str, enough: asyncio.Event) -> None:
        async with tables_at(url) as connection:
            while not enough.is_set():
                await self._look(connection)
                await asyncio.sleep(PAUSE_S)

    async def _look(self, connection: asyncpg.Connection) -> None:
        seq = (await self._fetch(connection, SEQ) or [[self._seq]])[0][0]
        if seq < self._seq:
            self._reads.went_back(f"the checkpoint was {self._seq}, then {seq}")
        self._seq = seq
        newest = await self._fetch(connection, NEWEST)
        known = self._chance.sample(sorted(self._sessions), min(2, len(self._sessions)))
        some = self._chance.sample(newest, min(1, len(newest)))
        for id_ in {*known, *(row["id"] for row in some)}:
            await self._session(connection, id_)

    async def _session(self, connection: asyncpg.Connection, id_: UUID) -> None:
        """Whatever is asked later is of a later time, so nothing may be less than it was at the last look."""
        failed = self._reads.failed
        session = await self._fetch(connection, SESSION, id_)
        steps = await self._fetch(connection, STEPS, id_)
        attempts = await self._fetch(connection, ATTEMPTS, id_)
        if self._reads.failed > failed:
            return
        seen = (session[0]["last_seq"] if session else 0, len(steps), len(attempts))
        before = self._sessions.get(id_, (0, 0, 0))
        if any(now < then for now, then in zip(seen, before, strict=True)):
            self._reads.went_back(f"session {id_} had (sequence, steps, attempts) {before}, then {seen}")
        self._sessions[id_] = seen

    async def _fetch(self, connection: asyncpg.Connection, sql: str, *given: Any) -> list[asyncpg.Record]:
        self._reads.done += 1
        try:
            return list(await connection.fetch(sql, *given))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            self._reads.failed += 1
            self._reads.fault(f"{type(error).__name__}: {sql.split(' WHERE', maxsplit=1)[0]}")
            return []
