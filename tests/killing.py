"""Kills an operation at its first point, its second, and so on.

A point is before it changes a file, or says something to a server.

    python -m killing MODULE FUNCTION [ARGUMENT …]

imports what the operation needs once, reads numbers of points, and tells how a fork of it ended. With 0 it is
left alone. How many points it has differs by some from one time to the next.
"""

import asyncio
import importlib
import json
import os
import signal
import sys
from asyncio import selector_events
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

WRITTEN = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGED = ("os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "os.chmod")
KEPT_ALIVE = (b"PING", b"PONG")


class Killable:
    """An operation that is begun again and again, each time anew."""

    def __init__(self, forks: Process) -> None:
        self._forks = forks

    async def killed_at(self, point: int) -> bool:
        """Return False where it came to its end before."""
        return (await self._ended(point))[0] == -signal.SIGKILL

    async def whole(self) -> int:
        """Leave it alone; return how many points it had."""
        code, points = await self._ended(0)
        assert code == 0
        return points

    async def _ended(self, point: int) -> tuple[int, int]:
        assert self._forks.stdin
        assert self._forks.stdout
        self._forks.stdin.write(b"%d\n" % point)
        code, points = json.loads(await self._forks.stdout.readline())
        assert code in (0, -signal.SIGKILL)
        return code, points


@asynccontextmanager
async def killable(operation: Callable[..., Any], *arguments: object) -> AsyncIterator[Killable]:
    """`operation` is a coroutine function of a module; it is given the arguments as texts."""
    words = ("-m", "killing", operation.__module__, operation.__name__, *map(str, arguments))
    paths = os.pathsep.join(filter(None, sys.path))
    forks = await asyncio.create_subprocess_exec(
        sys.executable, *words, env={**os.environ, "PYTHONPATH": paths}, stdin=PIPE, stdout=PIPE
    )
    try:
        yield Killable(forks)
    finally:
        assert forks.stdin
        forks.stdin.close()
        await forks.wait()


class Points:
    """Counts the points of this process, and ends it at one."""

    def __init__(self, last: int) -> None:
        self.seen = 0
        self._last = last

    def here(self) -> None:
        self.seen += 1
        if self.seen == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def count(self) -> None:
        """Begin to."""
        transport: Any = selector_events._SelectorSocketTransport  # type: ignore[attr-defined]
        write, fsync = transport.write, os.fsync

        def written(said_by: Any, data: bytes) -> None:
            if bytes(data[:4]) not in KEPT_ALIVE:
                self.here()
            write(said_by, data)

        def on_disk(file: int) -> None:
            self.here()
            fsync(file)

        transport.write, os.fsync = written, on_disk
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGED or (event == "open" and (arguments[2] or 0) & WRITTEN):
            self.here()


def _forked(begin: Callable[[], Any], point: int) -> None:
    """Have a fork do it; it tells by itself that it came to its end."""
    if child := os.fork():
        if code := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            _tell(code, point)
        return
    points = Points(point)
    points.count()
    asyncio.run(begin())
    _tell(0, points.seen)
    os._exit(0)


def _tell(code: int, points: int) -> None:
    sys.stdout.write(f"[{code}, {points}]\n")
    sys.stdout.flush()


def main() -> None:
    module, function, *arguments = sys.argv[1:]
    operation = getattr(importlib.import_module(module), function)
    for line in sys.stdin:
        _forked(lambda: operation(*arguments), int(line))


if __name__ == "__main__":
    main()
