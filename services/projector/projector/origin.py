"""Tells whether the tables were made from the log that is there now."""

from datetime import datetime

import asyncpg

from projector.database import Checkpoint
from projector.entry import read
from projector.reader import page, page_there
from shared.bus import Bus
from shared.refusal import Refusal

WAY_OUT = "run 'totalaud projection rebuild'"


class Origin:
    """A log is known by the time it was created, and by the last commit that was projected from it."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def created(self) -> datetime:
        created = (await self._bus.client.jetstream().stream_info("EVT")).created
        if created is None:
            raise TypeError("the server does not say when the stream was created")
        return created

    async def last_seq(self) -> int:
        return int((await self._bus.client.jetstream().stream_info("EVT")).state.last_seq)

    async def check(self, connection: asyncpg.Connection, at: Checkpoint) -> None:
        """Note the log in tables that are new; refuse another one than theirs, or a gap right after them."""
        if at.stream_created is None and at.seq == 0:
            await connection.execute("UPDATE checkpoint SET stream_created = $1", await self.created())
        elif not await self.made(at):
            raise Refusal("another_log", "checkpoint", f"the tables were made from another log: {WAY_OUT}")
        await page(self._bus, at.seq + 1, 1)

    async def made(self, at: Checkpoint) -> bool:
        """Tell whether tables that are so far were made from this log; one that lost its end is another."""
        if at.stream_created != await self.created() or at.seq > await self.last_seq():
            return False
        return at.seq == 0 or await self._holds(at)

    async def _holds(self, at: Checkpoint) -> bool:
        (found,) = await page_there(self._bus, at.seq, 1)
        return at.commit_id in (None, read(found).commit_id)
