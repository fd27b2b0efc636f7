"""Dispatches in its turn what a user's share of a queue has kept back.

It is in this process's memory only. Where that ends, the sweep finds it in the log.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

from nats.errors import Error as NatsError

from orchestrator.shares import Shares
from shared.bus import Bus
from shared.subjects import Aggregate, Pool
from shared.within import set_within

EVERY_S = 0.1
SHORT = 0.25
Dispatch = Callable[[Aggregate, UUID], Awaitable[None]]


class KeepingBack:
    """`dispatch` puts an attempt into its queue, if it is waited for still."""

    def __init__(self, bus: Bus, shares: Shares, dispatch: Dispatch) -> None:
        self._bus = bus
        self._shares = shares
        self._dispatch = dispatch

    async def run(self) -> None:
        while True:
            await self._shares.wanted.wait()
            await self._turn()
            look_at = _now() + EVERY_S
            while pools := self._shares.pools():
                await set_within(self._shares.wanted, look_at - _now())
                await self._turn()
                if _now() >= look_at:
                    await self._look(pools)
                    look_at = _now() + EVERY_S

    async def _turn(self) -> None:
        """Dispatch who may go now that others are over."""
        self._shares.wanted.clear()
        await self._go(self._shares.next())

    async def _look(self, pools: set[Pool]) -> None:
        """Give more to queues that run out, as they do with many runners, or several orchestrators."""
        for pool in sorted(pools):
            left, most = await self._left(pool), self._shares.most[pool]
            if left is not None and left <= most * SHORT:
                await self._go(self._shares.beyond(pool, most - left))

    async def _go(self, kept: Iterable[tuple[Aggregate, UUID]]) -> None:
        await asyncio.gather(*(self._dispatch(aggregate, attempt_id) for aggregate, attempt_id in kept))

    async def _left(self, pool: Pool) -> int | None:
        """Return how many in a pool's queue no runner has; None where NATS does not tell."""
        try:
            left: int | None = (await self._bus.client.jetstream().consumer_info("WORK", pool)).num_pending
        except (NatsError, TimeoutError):
            return None
        return left


def _now() -> float:
    return asyncio.get_running_loop().time()
