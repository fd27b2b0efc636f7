"""Brings new tables as far as the log: a batch is read and mapped while PostgreSQL has the last one."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from projector.entry import Reading, read
from projector.projection import Projection
from projector.reader import MOST as PAGE
from projector.reader import page, page_there
from shared.bus import Bus
from shared.direct_get import Entry

MOST, MOST_BYTES = 4_000, 32 * 1024 * 1024
IN_ONE_GO = 20
Range = tuple[int, int | None]


async def catch_up(bus: Bus, projection: Projection) -> None:
    """Write all that follows on the projection's sequence."""
    await fill(bus, [(projection.seq, None)], projection.write)


async def fill(bus: Bus, ranges: Iterable[Range], write: Callable[[list[Reading]], Awaitable[None]]) -> None:
    """Write the commits after a sequence up to another, or to the log's end; one range after the other."""
    log = _Log(bus, ranges)
    batch = await log.batch()
    while batch:
        following = asyncio.create_task(log.batch())
        try:
            await write(batch)
            batch = await following
        finally:
            following.cancel()


class _Log:
    """Reads ranges of the log in batches; none is of two ranges. What is missing in one raises Gap."""

    def __init__(self, bus: Bus, ranges: Iterable[Range]) -> None:
        self._bus = bus
        self._ranges = iter(ranges)
        self._after = 0
        self._upto: int | None = 0

    async def batch(self) -> list[Reading]:
        """Return the next batch, an empty one at the end."""
        while not (readings := await self._of_range()):
            following = next(self._ranges, None)
            if following is None:
                break
            self._after, self._upto = following
        return readings

    async def _of_range(self) -> list[Reading]:
        """Read on up to a bound; wait now and then, so that writing goes on.

        NATS gets the next page ready while this one is decoded.
        """
        readings: list[Reading] = []
        size = 0
        next_page = asyncio.create_task(self._page())
        try:
            while entries := await next_page:
                self._after = entries[-1].seq
                size += sum(len(entry.body) for entry in entries)
                enough = len(readings) + len(entries) >= MOST or size >= MOST_BYTES
                if not enough:
                    next_page = asyncio.create_task(self._page())
                for number, entry in enumerate(entries):
                    readings.append(read(entry))
                    if number % IN_ONE_GO == 0:
                        await asyncio.sleep(0)
                if enough:
                    return readings
        finally:
            next_page.cancel()
        return readings

    async def _page(self) -> list[Entry]:
        if self._upto is None:
            return await page(self._bus, self._after + 1, PAGE)
        most = min(PAGE, self._upto - self._after)
        return await page_there(self._bus, self._after + 1, most) if most else []
