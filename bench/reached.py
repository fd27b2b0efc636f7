"""The servers of a bench, spoken to for as long as a block lasts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import nats
from nats.aio.client import Client

LOOK_EVERY_S = 0.005


@asynccontextmanager
async def log_at(url: str) -> AsyncIterator[Client]:
    """Connect to a NATS, with room for much that is not sent yet."""
    client = await nats.connect(url, pending_size=64 * 2**20)
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def tables_at(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def last_seq(client: Client, stream: str = "EVT") -> int:
    return int((await client.jetstream().stream_info(stream)).state.last_seq)


async def drained(url: str, durable: str) -> None:
    """Wait until all that the log holds was handed to a durable, and acknowledged."""
    async with log_at(url) as client:
        while True:
            info = await client.jetstream().consumer_info("EVT", durable)
            if not info.num_pending and not info.num_ack_pending:
                return
            await asyncio.sleep(LOOK_EVERY_S)
