"""What tests of the bus wait for."""

import asyncio

from servers import Rig
from shared.bus import Bus


async def until(condition, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def killed_and_back(nats: Rig, bus: Bus) -> None:
    await nats.kill()
    await nats.start()
    await until(lambda: bus.client.is_connected)
