"""What has to be there before the services start: streams in NATS, the vault's tables in Postgres."""

import asyncio
from importlib import import_module

from shared.nats_urls import NATS_URL, told
from shared.secret import is_given
from shared.settings import ack_wait_s
from totalaud.connection import place
from totalaud.stack.server import NotReady


async def provision(nats_url: str) -> None:
    """Make the streams and durables; raises Refusal for an old server or a stream changed by hand."""
    import nats.errors

    from shared.bus import Bus
    from shared.streams import provision as make

    try:
        bus = await Bus.connect(nats_url, name="totalaud-up", give_up=True)
    except (OSError, nats.errors.Error) as error:
        why = f"no NATS server answers at {place(nats_url)} ({told(error)})"
        raise NotReady(f"{why}: see TOTALAUD_NATS_URL" if is_given(NATS_URL) else why) from error
    try:
        await make(bus, ack_wait_s=ack_wait_s())
    except nats.errors.Error as error:
        raise NotReady(f"the NATS server could not make its streams: {error}") from error
    finally:
        await bus.close()


async def migrate(database_url: str) -> None:
    """Bring the vault's tables to their newest form.

    What that takes is loaded beside the loop: who is told to stop meanwhile hears of it before they connect.
    """
    await asyncio.to_thread(import_module, "shared.vault")

    from shared.vault import migrate as bring
    from totalaud.database import reaching
    from totalaud.errors import Unreachable

    try:
        with reaching(database_url):
            await bring(database_url)
    except Unreachable as why:
        raise NotReady(str(why)) from None
