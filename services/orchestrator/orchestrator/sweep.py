"""The sweep: whatever is outstanding is dispatched again, so that nothing that was lost stays lost.

Open sessions come from the read model, and from the log after its checkpoint; one orchestrator sweeps at
a time.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import asyncpg

from orchestrator.follow import Follow
from orchestrator.sessions import Sessions
from shared.bus import Bus
from shared.direct_get import read_page
from shared.logs import get_logger
from shared.subjects import Aggregate

EVERY_S = 60.0
SOON_S = 0.5
AGAIN_S = 1.0
LOCK = 0x746F7461
PAGE = 256
OUTAGES = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
OPEN = "SELECT noun, id, user_id FROM outstanding"


class Sweep:
    """Runs at start, after a reconnect, soon after a dispatch was lost, and every minute."""

    def __init__(self, bus: Bus, sessions: Sessions, follow: Follow, database_url: str) -> None:
        self._bus = bus
        self._sessions = sessions
        self._follow = follow
        self._database_url = database_url

    async def run(self) -> None:
        self._bus.on_reconnect(self._reconnected)
        while True:
            self._follow.lost_dispatch.clear()
            try:
                await self.sweep()
            except OUTAGES as outage:
                get_logger().warning("the sweep waits", reason=type(outage).__name__)
                await asyncio.sleep(AGAIN_S)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._follow.lost_dispatch.wait()
                await asyncio.sleep(SOON_S)

    async def sweep(self) -> int:
        """Dispatch everything outstanding; return how many sessions were looked at."""
        connection = await asyncpg.connect(self._database_url, timeout=5, command_timeout=30)
        try:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                return 0
            checkpoint = await connection.fetchval("SELECT seq FROM checkpoint") or 0
            found = {
                Aggregate(row["user_id"], row["noun"], str(row["id"])) for row in await connection.fetch(OPEN)
            }
            async for aggregate in self._after(checkpoint):
                found.add(aggregate)
            for aggregate in found:
                known = await self._sessions.load(aggregate, fresh=True)
                await self._follow.outstanding(aggregate, known)
            return len(found)
        finally:
            await connection.close()

    async def _after(self, seq: int) -> AsyncIterator[Aggregate]:
        for noun in ("session", "execution"):
            start, more = seq + 1, True
            while more:
                page = await read_page(self._bus, "EVT", f"evt.*.{noun}.*", start, most=PAGE)
                more = page.more
                for entry in page.entries:
                    start = entry.seq + 1
                    yield Aggregate.parse(entry.subject)

    async def _reconnected(self) -> None:
        await self._follow.renew_all()
        self._follow.lost_dispatch.set()
