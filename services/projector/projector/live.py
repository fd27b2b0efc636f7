"""Keeps the tables that are read up to date, for ever."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
from nats.errors import Error as NatsError

from projector import database
from projector.database import AWAY, connected
from projector.ddl import shape
from projector.origin import WAY_OUT, Origin
from projector.projection import Fenced, Projection
from projector.reader import Reader
from shared.bus import Bus
from shared.logs import get_logger
from shared.quiet import Quiet
from shared.refusal import Refusal
from shared.within import set_within

SHORTEST_WAIT_S = 0.2
LONGEST_WAIT_S = 2.0
LOOK_AGAIN_S = 5.0
SAID_AGAIN_S = 10.0
OUTAGES = (*AWAY, NatsError)


class Live:
    """One projector writes, any other waits for its turn; should two write, the checkpoint stops the first.

    `halted` says why nothing is projected, while that is so. `gate` is held while a batch is written.
    """

    def __init__(self, bus: Bus, database_url: str) -> None:
        self.gate = asyncio.Lock()
        self.halted: str | None = None
        self.origin = Origin(bus)
        self._url = database_url
        self._reader = Reader(bus)
        self._swapped = asyncio.Event()
        self._wait_s = SHORTEST_WAIT_S
        self._quiet: dict[type[Exception], Quiet] = defaultdict(lambda: Quiet(SAID_AGAIN_S))

    async def run(self) -> None:
        """Project for ever; outages are waited for."""
        await self._reader.listen()
        while True:
            try:
                self._reader.doubt()
                async with self._ready() as projection:
                    await self._follow(projection)
            except Refusal as refusal:
                await self._halt(refusal)
            except asyncpg.SyntaxOrAccessError as error:
                await self._halt(_changed(error))
            except Fenced:
                get_logger().warning("the checkpoint was moved by somebody else, going on from there")
            except OUTAGES as outage:
                if self._quiet[type(outage)].is_over():
                    get_logger().warning("the projection waits", reason=type(outage).__name__)
                await asyncio.sleep(self._wait_s)
                self._wait_s = min(self._wait_s * 2, LONGEST_WAIT_S)

    def swapped(self) -> None:
        """Tell that other tables are in place: go on from their checkpoint."""
        self._swapped.set()

    @asynccontextmanager
    async def _ready(self) -> AsyncIterator[Projection]:
        async with connected(self._url) as connection:
            database.check_letters(connection)
            await database.alone(connection)
            await database.make(connection)
            at = await database.checkpoint(connection)
            if at.shape != shape():
                raise Refusal(
                    "another_release", "checkpoint", f"the tables are of another release: {WAY_OUT}"
                )
            await self.origin.check(connection, at)
            self.halted = None
            epoch = uuid4()
            seq = await database.take_over(connection, epoch)
            projection = Projection(connection, epoch, seq)
            await projection.resume()
            yield projection

    async def _follow(self, projection: Projection) -> None:
        """Return after a rebuild has put other tables in place, or when a server may be another one."""
        while batch := await self._reader.batch(projection.seq, projection.is_connected):
            async with self.gate:
                if self._swapped.is_set():
                    self._swapped.clear()
                    return
                await projection.project(batch)
            self._wait_s = SHORTEST_WAIT_S

    async def _halt(self, refusal: Refusal) -> None:
        """Say why once, and look again from time to time; a rebuild ends the wait."""
        if self.halted != refusal.message:
            get_logger().error("nothing is projected", code=refusal.code, reason=refusal.message)
        self.halted = refusal.message
        await set_within(self._swapped, LOOK_AGAIN_S)
        self._swapped.clear()


def _changed(error: asyncpg.SyntaxOrAccessError) -> Refusal:
    """Tell that PostgreSQL knows no such column, or whatever else makes our own statements none."""
    what = f"the tables are not as they were made, or not ours to change ({type(error).__name__})"
    return Refusal("changed_tables", "checkpoint", f"{what}: {WAY_OUT}")
