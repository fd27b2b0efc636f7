"""Getting through to one of several addresses, though one whose machine is gone says nothing.

asyncio and asyncpg try them one after the other in the time that there is for all, and begin with the same
one each time. Here each has a head start before the next.
"""

from asyncio import StreamReader, StreamWriter, get_running_loop, open_connection, wait_for
from asyncio.staggered import staggered_race
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from socket import SOCK_STREAM
from typing import Any, TypeVar
from urllib.parse import ParseResult, urlsplit

import asyncpg
from nats.aio.transport import TcpTransport

HEAD_START_S = 0.5
T = TypeVar("T")


async def postgres(url: str, **how: Any) -> asyncpg.Connection:
    """Connect as `asyncpg.connect` does, to one of the hosts that the URL names."""
    whole = urlsplit(url)
    who, at, hosts = whole.netloc.rpartition("@")
    if "," not in hosts:
        return await asyncpg.connect(url, **how)
    each = [whole._replace(netloc=who + at + host).geturl() for host in hosts.split(",")]
    return await first([partial(asyncpg.connect, one, **how) for one in each], lambda made: made.terminate())


class Transport(TcpTransport):
    """Goes to one of the addresses that a server's name has."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    async def connect(self, uri: ParseResult, buffer_size: int, connect_timeout: int) -> None:
        opened = await wait_for(_opened(uri, buffer_size), connect_timeout)
        self._bare_io_reader, self._bare_io_writer = self._io_reader, self._io_writer = opened


async def _opened(uri: ParseResult, limit: int) -> tuple[StreamReader, StreamWriter]:
    found = await get_running_loop().getaddrinfo(uri.hostname, uri.port, type=SOCK_STREAM)
    addresses = dict.fromkeys(address[:2] for *_, address in found)
    attempts = [partial(open_connection, *address, limit=limit) for address in addresses]
    return await first(attempts, lambda made: made[1].transport.abort())


async def first(attempts: Sequence[Callable[[], Awaitable[T]]], let_go: Callable[[T], None]) -> T:
    """Return what the first brings that succeeds; where none does, raise what the last one met with.

    Whoever gives up may do so just when one has succeeded: that one is let go.
    """
    if len(attempts) == 1:
        return await attempts[0]()
    made: list[T] = []

    async def keep(attempt: Callable[[], Awaitable[T]]) -> T:
        made.append(await attempt())
        return made[-1]

    found: T
    try:
        found, which, errors = await staggered_race([partial(keep, one) for one in attempts], HEAD_START_S)
    except BaseException:
        for one in made:
            let_go(one)
        raise
    if which is None:
        raise next(error for error in reversed(errors) if error is not None)
    return found
