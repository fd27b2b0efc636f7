"""The campaigns service: subjects to handlers, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from campaigns.doors import SUBJECT, Doors
from campaigns.erasing import Erasing
from campaigns.history import Histories
from campaigns.importing import Importing
from campaigns.reapplying import Reapplying
from shared import streams
from shared.bus import Bus
from shared.jetstream_log import JetStreamLog
from shared.service import Door, run
from shared.settings import Settings
from shared.vault import Vault, master_key


@asynccontextmanager
async def wire(bus: Bus, settings: Settings) -> AsyncIterator[Sequence[Door]]:
    await streams.check(bus)
    log = JetStreamLog(bus)
    vault = await Vault.connect(settings.database_url, master_key(settings))
    histories = Histories(log)
    erasing = Erasing(vault, histories)
    doors = Doors(Importing(vault, histories), erasing)
    reapplying = Reapplying(settings.database_url, log, vault, erasing)
    try:
        async with asyncio.TaskGroup() as loops:
            once = loops.create_task(reapplying.run())
            yield [Door(SUBJECT, doors.ask, "Import contacts, or erase one")]
            once.cancel()
    finally:
        await vault.close()


def main() -> None:
    run("campaigns", wire)
