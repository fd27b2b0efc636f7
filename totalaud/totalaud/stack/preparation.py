"""What has to be there before the services start: streams in NATS, the vault's tables in PostgreSQL."""

import asyncio
from importlib import import_module

from shared.settings import ack_wait_s


async def provision(nats_url: str, *, replicas: int = 1) -> None:
    """Make the streams and durables where they are missing.

    Raises Unreachable, and Refusal for an old server or a stream changed by hand.
    """
    from shared.streams import provision as make
    from totalaud.door import connected

    async with connected(nats_url) as bus:
        await make(bus, ack_wait_s=ack_wait_s(), replicas=replicas)


async def migrate(database_url: str) -> None:
    """Bring the vault's tables to their newest form; raises Unreachable.

    What that takes is loaded beside the loop: who is told to stop meanwhile hears of it before they connect.
    """
    await asyncio.to_thread(import_module, "shared.vault")

    from shared.vault import migrate as bring
    from totalaud.database import reaching

    with reaching(database_url):
        await bring(database_url)
