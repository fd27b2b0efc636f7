"""Free ports on loopback, outside the range from which the system lends ports to clients."""

import asyncio
import os
import random
import socket
from pathlib import Path

from totalaud.stack import paths

LOOPBACK = "127.0.0.1"
FIRST, LAST = 20_000, 32_000
PROBE_TIMEOUT_S = 1.0
MOST_HELD = 256
_held: dict[int, int] = {}


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port that nobody listens on, and that no process was given that has not listened on it yet."""
    for port in random.sample(range(FIRST, LAST), 200):
        if port not in _held and is_free(port) and _hold(port):
            return port
    raise OSError(f"no free port between {FIRST} and {LAST}")


async def heard(port: int, end: bytes, *, asked: bytes = b"") -> bytes:
    """Return what is said there up to an `end`, once it was `asked`; nothing where none comes soon."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                writer.write(asked)
                return await reader.readuntil(end)
            finally:
                writer.close()
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return b""


def kept_port(file: Path) -> int:
    """Return the port written in the file while it is still free, else another one, which is then written.

    A disk that was full, or is damaged, may have left the file without one.
    """
    text = file.read_text(errors="replace").strip() if file.exists() else ""
    known = int(text) if text.isdecimal() else 0
    if FIRST <= known < LAST and is_free(known) and _hold(known):
        return known
    chosen = free_port()
    paths.write_private(file, str(chosen))
    return chosen


def _hold(port: int) -> bool:
    """Take it until who it is for listens: UDP's port of the same number has one owner at a time."""
    if port in _held:
        return True
    mark = socket.socket(type=socket.SOCK_DGRAM)
    try:
        mark.bind((LOOPBACK, port))
    except OSError:
        mark.close()
        return False
    _held[port] = mark.detach()
    if len(_held) > MOST_HELD:
        os.close(_held.pop(next(iter(_held))))
    return True
