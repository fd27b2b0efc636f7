"""A provider that answers with whatever bytes a test wants, over a real connection on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ssl import SSLContext
from typing import Any, NamedTuple

EVERY_S = 0.05


class Wire(NamedTuple):
    """Where it listens, and the requests that it has read."""

    port: int
    requests: list[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def answer(body: Any, status: int = 200, **headers: str) -> bytes:
    """Return a whole answer of HTTP; what is no bytes is said as JSON."""
    said = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = {"content-type": "application/json", "content-length": str(len(said))}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode() + said


@asynccontextmanager
async def wire(
    said: bytes = b"",
    *,
    at_once: int | None = None,
    tls: SSLContext | None = None,
    silent: bool = False,
    kept: bool = False,
) -> AsyncIterator[Wire]:
    """Read a request on each connection, answer it and close; `kept`: leave that to the client.

    `at_once` bytes are sent every 50 ms, without it all of them; `silent`: not even TLS is answered.
    """
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            if silent:
                await reader.read()
            else:
                requests.append(await _request(reader))
                await _send(writer, said, at_once)
                if kept:
                    await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield Wire(server.sockets[0].getsockname()[1], requests)


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    sizes = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + (await reader.readexactly(sizes[0]) if sizes else b"")


async def _send(writer: asyncio.StreamWriter, said: bytes, at_once: int | None) -> None:
    size = at_once or max(1, len(said))
    for begin in range(0, len(said), size):
        writer.write(said[begin : begin + size])
        await writer.drain()
        if at_once:
            await asyncio.sleep(EVERY_S)
