"""The projector: the log to tables, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from projector.live import Live
from projector.measuring import Measuring
from projector.operating import OPERATED, Operating
from shared import streams
from shared.bus import Bus
from shared.counts import measured_by
from shared.service import run
from shared.settings import Settings

QUEUE = "projector"


@asynccontextmanager
async def wire(bus: Bus, settings: Settings) -> AsyncIterator[None]:
    await streams.check(bus)
    live = Live(bus, settings.database_url)
    measuring = Measuring(settings.database_url, live)
    for measure in (measuring.halted, measuring.log, measuring.tables):
        measured_by(measure)
    operating = Operating(settings.nats_url, settings.database_url, live)
    await bus.listen(OPERATED, operating.hear, queue=QUEUE)
    async with asyncio.TaskGroup() as loops:
        following = loops.create_task(live.run())
        yield
        following.cancel()


def main() -> None:
    run("projector", wire)
