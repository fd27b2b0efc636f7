"""A server of ours: prepared, started, waited for, stopped, killed, started again on the same port."""

import asyncio
import time
from pathlib import Path
from typing import Protocol

from totalaud.stack.process import Child, Program

PROBE_EVERY_S = 0.02


class NotReady(Exception):  # noqa: N818 - the sentence tells the fault
    """A process did not come up; the message ends with what it last wrote."""


class Kind(Protocol):
    """What differs between servers."""

    name: str

    async def prepare(self) -> Program:
        """Write what it needs and clear away what a kill left; called before every start."""
        ...

    async def answers(self) -> bool:
        """Tell whether it can be used now."""
        ...


class Server:
    """One server process of a kind."""

    def __init__(self, kind: Kind, logs: Path, *, ready_within_s: float = 30.0) -> None:
        self.kind = kind
        self.child: Child | None = None
        self._logs = logs
        self._ready_within_s = ready_within_s

    async def start(self) -> None:
        """Return once it answers; raise NotReady when it ends before, or takes too long."""
        program = await self.kind.prepare()
        self.child = await Child.start(program, self._logs)
        try:
            await self._ready(self.child)
        except BaseException:
            await self.child.kill()
            raise

    async def stop(self) -> None:
        if self.child:
            await self.child.stop()

    async def kill(self) -> None:
        """As `kill -9` does."""
        if self.child:
            await self.child.kill()

    async def restart(self) -> None:
        """Stop it if it still runs, and start it on the same port with the same data."""
        await self.stop()
        await self.start()

    async def _ready(self, child: Child) -> None:
        deadline = time.monotonic() + self._ready_within_s
        while not await self.kind.answers():
            if child.code is not None:
                raise NotReady(
                    f"{self.kind.name} ended with code {child.code} before it answered:\n{child.tail()}"
                )
            if time.monotonic() > deadline:
                raise NotReady(
                    f"{self.kind.name} did not answer for {self._ready_within_s} s:\n{child.tail()}"
                )
            await asyncio.sleep(PROBE_EVERY_S)
