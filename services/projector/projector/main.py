"""The projector: the log to tables."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from projector.handlers import Projector
from shared import streams
from shared.bus import Bus
from shared.service import run
from shared.settings import Settings


@asynccontextmanager
async def wire(bus: Bus, settings: Settings) -> AsyncIterator[None]:
    await streams.check(bus)
    projector = Projector(bus, settings.database_url)
    await bus.listen("ops.projection.*", projector.operate, queue="projector")
    async with asyncio.TaskGroup() as loops:
        loop = loops.create_task(projector.run())
        yield
        loop.cancel()


def main() -> None:
    run("projector", wire)
