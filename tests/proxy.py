"""A TCP proxy that delays, cuts and half-opens what passes through it."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

CHUNK = 64 * 1024
TURNS = 5


class Proxy:
    """Stands before one server; `url` is the server's with the proxy's port.

    `delay_s` is added to every chunk. While it is silent, nothing passes and nothing is closed: a half-open
    connection. `delays`, `cuts` and `silences` count what it did to connections in trouble, `accepted` and
    `held` all connections and those that are open.
    """

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self._pairs: set[asyncio.Task[None]] = set()
        self._open = asyncio.Event()
        self._open.set()
        self._passed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self.delay_s = 0.0
        self.delays = self.cuts = self.silences = self.accepted = 0

    @property
    def url(self) -> str:
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        who, _, _ = self._to.netloc.rpartition("@")
        return urlunsplit(self._to._replace(netloc=f"{who}@127.0.0.1:{port}"))

    @property
    def held(self) -> int:
        return len(self._pairs)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        """Accept nothing first: asyncio forgets a connection that it accepts while its server closes."""
        assert self._server is not None
        for listening in self._server.sockets:
            asyncio.get_running_loop().remove_reader(listening)
        self.resume()
        for _ in range(TURNS):
            await asyncio.sleep(0)
        self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """Cut every connection in the middle of whatever it says."""
        pairs = list(self._pairs)
        self.cuts += len(pairs)
        for pair in pairs:
            pair.cancel()
        await asyncio.gather(*pairs, return_exceptions=True)

    def silence(self) -> None:
        self.silences += len(self._pairs)
        self._open.clear()

    def resume(self) -> None:
        self._open.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pairs.add(task)
        self.accepted += 1
        ends = [writer]
        try:
            there, back = await asyncio.open_connection(self._to.hostname, self._to.port)
            ends.append(back)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(reader, back))
                both.create_task(self._pass(there, writer))
        except (asyncio.CancelledError, OSError, BaseExceptionGroup):
            pass
        finally:
            self._pairs.discard(task)
            for end in ends:
                end.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(CHUNK):
            await self._open.wait()
            self._passed.set()
            if self.delay_s:
                self.delays += 1
                await asyncio.sleep(self.delay_s)
            writer.write(data)
            await writer.drain()
        raise ConnectionResetError

    async def trouble(self, chance: random.Random, rounds: int) -> None:
        """Delay, cut and half-open in turn, some seconds in all, each time once something passes again."""
        for _ in range(rounds):
            self.delay_s = chance.choice((0.0, 0.005, 0.05))
            self._passed.clear()
            await self._passed.wait()
            await asyncio.sleep(chance.uniform(0.1, 0.4))
            if chance.random() < 0.5:
                await self.cut()
            else:
                self.silence()
                await asyncio.sleep(chance.uniform(0.5, 4.0))
                self.resume()
                await self.cut()
        self.delay_s = 0.0


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[Proxy]:
    proxy = Proxy(url)
    await proxy.start()
    try:
        yield proxy
    finally:
        with suppress(asyncio.CancelledError):
            await proxy.stop()
