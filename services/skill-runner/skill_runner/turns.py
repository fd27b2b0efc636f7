"""How many custom skills run at the same time, and how many more wait at hand for their turn."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AT_ONCE = 4
AHEAD_S = 0.05
MOST = 64
NEWEST = 0.2
SHORTEST_S = 1e-6


class Turns:
    """An attempt begins with its turn, and its report is on its way after it.

    How many attempts are held follows from how long turns took lately: those that could not begin within
    AHEAD_S seconds are left to other runners.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._free = asyncio.Semaphore(at_once)
        self._took_s = AHEAD_S

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        async with self._free:
            begun = time.monotonic()
            try:
                yield
            finally:
                self._took_s += NEWEST * (time.monotonic() - begun - self._took_s)

    def in_flight(self) -> int:
        """Return how many attempts to hold, those among them that are being reported."""
        soon = round(self._at_once * AHEAD_S / max(self._took_s, SHORTEST_S))
        return max(self._at_once, min(MOST, soon))
