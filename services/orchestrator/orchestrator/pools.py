"""The pools' queues as NATS tells of them: for whoever measures, and for the alarm that no runner asks."""

import asyncio
import time
from collections.abc import Callable

from nats.errors import Error as NatsError
from nats.js.api import ConsumerInfo

from shared.bus import Bus
from shared.counts import Measured, gauge
from shared.logs import get_logger
from shared.subjects import POOLS, Pool

LOOK_EVERY_S = 30.0
LONG_S = 120.0
WAITING = gauge("queue_waiting", "Attempts in a pool's queue that no skill-runner has.", "pool")
TAKEN = gauge("queue_taken", "Attempts that a skill-runner has, or has put back for a while.", "pool")
PULLS = gauge("queue_pulls", "Requests of skill-runners for more work of a pool.", "pool")


class Pools:
    """Says every LOOK_EVERY_S that work waits and nobody asks for any, once that has lasted for LONG_S.

    Whoever runs as much as it may asks for nothing either. So it is no alarm as long as something is handed
    out meanwhile.
    """

    def __init__(self, bus: Bus, clock: Callable[[], float] = time.monotonic) -> None:
        self._bus = bus
        self._clock = clock
        self._still: dict[Pool, tuple[int, float]] = {}

    async def run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Look at all queues once; where NATS does not tell, nothing is known."""
        for pool in POOLS:
            try:
                self._note(pool, await self._told(pool))
            except (NatsError, TimeoutError):
                self._still.pop(pool, None)

    async def measure(self) -> Measured:
        try:
            told = {(pool,): await self._told(pool) for pool in POOLS}
        except NatsError:
            return {}
        return {
            WAITING: {pool: info.num_pending or 0 for pool, info in told.items()},
            TAKEN: {pool: info.num_ack_pending or 0 for pool, info in told.items()},
            PULLS: {pool: info.num_waiting or 0 for pool, info in told.items()},
        }

    async def _told(self, pool: Pool) -> ConsumerInfo:
        info: ConsumerInfo = await self._bus.client.jetstream().consumer_info("WORK", pool)
        return info

    def _note(self, pool: Pool, info: ConsumerInfo) -> None:
        left = (info.num_pending or 0) + (info.num_ack_pending or 0)
        if info.num_waiting or not left:
            self._still.pop(pool, None)
            return
        now, handed_out = self._clock(), info.delivered.consumer_seq if info.delivered else 0
        before, since = self._still.get(pool, (handed_out, now))
        if before != handed_out:
            since = now
        self._still[pool] = handed_out, since
        if now - since >= LONG_S:
            get_logger().warning("no runner asks for work", pool=pool, attempts=left)
