"""Work that its queue counts as done though nobody had it.

`WORK` is written behind, where one server has it alone. Where NATS loses its last messages, and a consumer
has none in hand but these, the consumer stays ahead of the stream (seen with 2.15), and passes over whatever
gets their numbers.
"""

import asyncio
from collections.abc import Mapping

from nats.errors import Error as NatsError

from shared.bus import Bus
from shared.subjects import POOLS, Pool

Floors = Mapping[Pool, int]


async def floors(bus: Bus) -> Floors:
    """Return up to which sequence each pool's queue counts all as done, as far as NATS tells."""
    told = await asyncio.gather(*(floor(bus, pool) for pool in POOLS))
    return dict(zip(POOLS, told, strict=True))


async def floor(bus: Bus, pool: Pool) -> int:
    """Return up to which sequence the pool's queue counts all as done.

    Returns 0 where NATS does not tell, and where several have the queue: it loses nothing then, and whoever
    looks for it at a copy of the log that is behind would do again what has just been done.
    """
    try:
        info = await bus.client.jetstream().consumer_info("WORK", pool)
    except (NatsError, TimeoutError):
        return 0
    if info.cluster and info.cluster.replicas:
        return 0
    return (info.ack_floor.stream_seq or 0) if info.ack_floor else 0
