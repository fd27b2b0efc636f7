"""Ending connections of nats-py, which keeps those that are gone for longer than they are good for."""

import asyncio
import time
from typing import Any

from nats.aio.client import DEFAULT_BUFFER_SIZE, Client

from shared.reaching import Transport

RUNNING = ("_reading_task", "_ping_interval_task", "_flusher_task", "_reconnection_task")


class Connection(Client):
    """Comes back without waiting for the connection that it lost.

    nats-py's own waits until that one has sent what lies in its buffer. To a machine that is gone this takes
    the kernel a quarter of an hour, to a server that stands still for as long as it does. And each server
    that took a connection and gave no greeting is left connected. A name may have several addresses.
    """

    async def _attempt_reconnect(self) -> None:
        drop(self)
        await super()._attempt_reconnect()

    async def _connect_to_server(self, server: Any) -> None:
        drop(self)
        server.last_attempt = time.monotonic()
        self._transport = transport = Transport()
        await transport.connect(server.uri, DEFAULT_BUFFER_SIZE, self.options["connect_timeout"])


async def opened(**options: Any) -> Client:
    """Connect as `nats.connect` does; whoever gives up meanwhile leaves nothing that would go on."""
    client = Connection()
    try:
        await client.connect(**options)
    except BaseException:
        cut(client)
        raise
    return client


async def hang_up(client: Client) -> None:
    """Close it, whether a server is there or not."""
    if not client.is_connected:
        _forget_unsent(client)
    try:
        await client.close()
    except OSError:
        drop(client)
    except asyncio.CancelledError:
        cut(client)
        raise


def cut(client: Client) -> None:
    """End it at once, and all that it has running: whoever would wait for the end has given up."""
    drop(client)
    client._status = Client.CLOSED  # noqa: SLF001 - there is no other door
    for name in RUNNING:
        if (task := getattr(client, name)) is not None:
            task.cancel()


def drop(client: Client) -> None:
    """End a connection on which nothing can be sent any more."""
    left: Any = client._transport  # noqa: SLF001 - there is no other door
    if left:
        left._io_writer.transport.abort()  # noqa: SLF001 - `close` sends what it has first


def _forget_unsent(client: Client) -> None:
    """Have `close` send nothing: on a connection that is gone asyncio fails at it since Python 3.12."""
    client._pending.clear()  # noqa: SLF001 - there is no other door
    client._pending_data_size = 0  # noqa: SLF001
