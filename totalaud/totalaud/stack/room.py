"""Room on the disk: how much NATS may take of it, and a new start once a disk that was full is so no more."""

import asyncio
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from totalaud.stack.server import Server
from totalaud.stack.supervisor import Say

LOOK_EVERY_S = 5.0
NEARLY_NONE = 8 * 1024 * 1024
ENOUGH = 256 * 1024 * 1024
MET = (b"no space left on device", b"resource limits exceeded")


def may_take(store: Path) -> int:
    """Return what lies there already and three quarters of what is free, bytes.

    Left to itself, NATS counts the free part alone at each start, and stores nothing once half is taken.
    """
    taken = sum(file.stat().st_size for file in store.rglob("*") if file.is_file())
    return taken + free_on(store) * 3 // 4


def free_on(folder: Path) -> int:
    """Return how many bytes its disk has left."""
    return shutil.disk_usage(folder).free


class Room:
    """Watches a NATS: after a full disk it stores nothing until it is started anew, whatever room it has."""

    def __init__(self, nats: Server, store: Path, say: Say, free_on: Callable[[Path], int] = free_on) -> None:
        self._nats = nats
        self._store = store
        self._say = say
        self._free_on = free_on
        self._full = False
        self._read = self._log().stat().st_size

    async def watch(self) -> None:
        """Look for ever; whoever keeps the server starts it again."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            with suppress(OSError):
                await self.look()

    async def look(self) -> None:
        free = self._free_on(self._store)
        met = self._met()
        if not self._full and (met or free < NEARLY_NONE):
            self._full = True
            self._say(f"the disk of {self._store} is full: NATS stores nothing until there is room")
        if self._full and free >= ENOUGH:
            self._full = False
            self._say("there is room again: NATS is started anew")
            await self._nats.stop()

    def _log(self) -> Path:
        assert self._nats.child
        return self._nats.child.log

    def _met(self) -> bool:
        """Read on in its log; a shorter one was begun anew, one that was removed tells nothing."""
        told = b""
        with suppress(FileNotFoundError), self._log().open("rb") as log:
            log.seek(self._read if self._log().stat().st_size >= self._read else 0)
            told = log.read()
            self._read = log.tell()
        return any(words in told for words in MET)
