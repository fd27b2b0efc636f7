"""The campaigns service: subjects to handlers, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from campaigns import contacts
from campaigns import requests as ask
from campaigns.contact_importing import Importing
from campaigns.doors import Doors, Route
from campaigns.erasing import Erasing
from campaigns.history import Histories, Life
from campaigns.imports import Import
from campaigns.reapplying import Reapplying
from campaigns.suppressing import Suppressing
from shared import streams
from shared.bus import Bus
from shared.jetstream_log import JetStreamLog
from shared.log import Log
from shared.service import Door, run
from shared.settings import Settings
from shared.vault import Vault, master_key

CONTACT = Life("contact", contacts.Contact(), contacts.decide, contacts.evolve, contacts.says_all)


def routes(log: Log, vault: Vault) -> Mapping[str, Route]:
    """Return every command with its body and its handler."""
    of_contacts = Histories(log, CONTACT)
    return {
        "contacts.import": Route(Import, Importing(vault, of_contacts).handle),
        "contacts.suppress": Route(ask.SuppressContact, Suppressing(vault, of_contacts).handle),
        "contacts.erase": Route(ask.EraseContact, Erasing(vault, of_contacts).handle),
    }


@asynccontextmanager
async def wire(bus: Bus, settings: Settings) -> AsyncIterator[Sequence[Door]]:
    await streams.check(bus)
    log = JetStreamLog(bus)
    vault = await Vault.connect(settings.database_url, master_key(settings))
    erasing = Erasing(vault, Histories(log, CONTACT))
    reapplying = Reapplying(settings.database_url, log, vault, erasing)
    try:
        async with asyncio.TaskGroup() as loops:
            once = loops.create_task(reapplying.run())
            yield [*Doors(routes(log, vault)).open()]
            once.cancel()
    finally:
        await vault.close()


def main() -> None:
    run("campaigns", wire)
