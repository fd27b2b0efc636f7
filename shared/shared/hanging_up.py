"""Ending connections of nats-py, which keeps those that are gone for longer than they are good for."""

from typing import Any

from nats.aio.client import Client


class Connection(Client):
    """Comes back without waiting for the connection that it lost.

    nats-py's own waits until that one has sent what lies in its buffer. To a machine that is gone this takes
    the kernel a quarter of an hour, to a server that stands still for as long as it does. And each server
    that took a connection and gave no greeting is left connected.
    """

    async def _attempt_reconnect(self) -> None:
        drop(self)
        await super()._attempt_reconnect()

    async def _connect_to_server(self, server: Any) -> None:
        drop(self)
        await super()._connect_to_server(server)


async def opened(**options: Any) -> Client:
    """Connect as `nats.connect` does."""
    client = Connection()
    await client.connect(**options)
    return client


async def hang_up(client: Client) -> None:
    """Close it, whether a server is there or not."""
    if not client.is_connected:
        _forget_unsent(client)
    try:
        await client.close()
    except OSError:
        drop(client)


def drop(client: Client) -> None:
    """End a connection on which nothing can be sent any more."""
    left: Any = client._transport  # noqa: SLF001 - there is no other door
    if left:
        left._io_writer.transport.abort()  # noqa: SLF001 - `close` sends what it has first


def _forget_unsent(client: Client) -> None:
    """Have `close` send nothing: on a connection that is gone asyncio fails at it since Python 3.12."""
    client._pending.clear()  # noqa: SLF001 - there is no other door
    client._pending_data_size = 0  # noqa: SLF001
