"""Which histories may wait for something: those of the read model, and of the log after its checkpoint."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Protocol

import asyncpg
from nats.errors import Error as NatsError

from orchestrator.ledger import REMEMBERED
from shared.bus import Bus
from shared.clock import utc_now
from shared.direct_get import read_page
from shared.log import Behind
from shared.outage import DATABASE_AWAY, NOTICED_WHEN_GONE
from shared.own_settings import PATIENT, TABLES, unhurried
from shared.reaching import postgres
from shared.subjects import Aggregate

LOCK = 0x746F7461
PAGE = 256
OUTAGES = (*DATABASE_AWAY, asyncpg.PostgresError, NatsError, Behind)
OPEN = """
SELECT noun, id, user_id FROM outstanding
UNION SELECT 'ledger', user_id, user_id FROM ledger
WHERE state = 'reserved' OR (in_doubt_usd > 0 AND day >= $1)
"""


class OpenSessions(Protocol):
    """Where the sweep looks."""

    def held(self) -> AbstractAsyncContextManager[list[Aggregate]]:
        """Have them to oneself, in the order of their subjects; waits while another orchestrator has them.

        It is not enough that the other one looks at them: they may change after that, and the timers that it
        sets end with its process.
        """
        ...


class ProjectedSessions:
    """Reads the table `outstanding` under an advisory lock."""

    def __init__(self, bus: Bus, database_url: str) -> None:
        self._bus = bus
        self._database_url = database_url

    @asynccontextmanager
    async def held(self) -> AsyncIterator[list[Aggregate]]:
        connection = await postgres(
            self._database_url,
            timeout=5,
            command_timeout=30,
            server_settings=NOTICED_WHEN_GONE | TABLES | PATIENT,
        )
        try:
            await unhurried(connection)
            await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
            checkpoint = await connection.fetchval("SELECT seq FROM checkpoint") or 0
            found = {
                Aggregate(row["user_id"], row["noun"], str(row["id"]))
                for row in await connection.fetch(OPEN, utc_now().date() - REMEMBERED)
            }
            async for aggregate in self._after(checkpoint):
                found.add(aggregate)
            yield sorted(found, key=lambda aggregate: aggregate.subject)
        finally:
            connection.terminate()

    async def _after(self, seq: int) -> AsyncIterator[Aggregate]:
        """Yield those with commits after a sequence; subjects of no history are for the projector to tell."""
        for noun in ("session", "execution", "ledger"):
            start, more = seq + 1, True
            while more:
                page = await read_page(self._bus, "EVT", f"evt.*.{noun}.*", start, most=PAGE)
                more = page.more
                for entry in page.entries:
                    start = entry.seq + 1
                    with suppress(ValueError):
                        yield Aggregate.parse(entry.subject)
