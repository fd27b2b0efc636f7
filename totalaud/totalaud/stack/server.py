"""A server of ours: prepared, started, waited for, stopped, killed, started again on the same port."""

import asyncio
import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from totalaud.stack.process import Child, Program

FIRST_PROBE_S = 0.02
PROBES_SLOW_BY = 1.2
LAST_PROBE_S = 0.1
TRY_AGAIN_S = 0.2
RECOVERED_WITHIN_S, GRACE_S = 900.0, 30.0  # of what keeps data: it has much to read, and to write at the end


class NotReady(Exception):  # noqa: N818 - the sentence tells the fault
    """A process did not come up; the message says why it refused, or ends with what it last wrote."""


class Kind(Protocol):
    """What differs between servers. One that takes longer to answer than `ready_within_s` does not work."""

    name: str
    ready_within_s: float

    async def prepare(self) -> Program:
        """Write what it needs and clear away what a kill left; called before every start."""
        ...

    async def answers(self, pid: int) -> bool:
        """Tell whether it can be used now; `pid` is the process' that was started."""
        ...

    async def lives(self, pid: int) -> bool:
        """Tell whether it says anything, be it that it cannot be used now; to ask changes nothing."""
        ...

    def passes(self, last_words: str) -> bool:
        """Tell whether what ended it goes away by itself, so that it is worth another try."""
        ...


class Server:
    """One server process of a kind."""

    def __init__(self, kind: Kind, logs: Path) -> None:
        self.kind = kind
        self.child: Child | None = None
        self._logs = logs

    async def start(self) -> None:
        """Return once it answers; raise NotReady when it ends before, or takes too long."""
        deadline = time.monotonic() + self.kind.ready_within_s
        while not await self._started(deadline):
            await asyncio.sleep(TRY_AGAIN_S)

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

    async def _started(self, deadline: float) -> bool:
        child = self.child = await Child.start(await self.kind.prepare(), self._logs)
        try:
            return await self._ready(child, deadline)
        except BaseException:
            await child.stop()
            raise

    async def _ready(self, child: Child, deadline: float) -> bool:
        name = self.kind.name
        pause_s = FIRST_PROBE_S
        while child.code is None:
            if await self.kind.answers(child.pid):
                return True
            if time.monotonic() > deadline:
                raise NotReady(f"{name} did not answer for {self.kind.ready_within_s:g} s:\n{child.tail()}")
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * PROBES_SLOW_BY, LAST_PROBE_S)
        if time.monotonic() < deadline and self.kind.passes(child.tail()):
            return False
        if sentence := refused(child.tail()):
            raise NotReady(f"{name}: {sentence}")
        raise NotReady(f"{name} ended with code {child.code} before it answered:\n{child.tail()}")


def refused(last_words: str) -> str | None:
    """Return the sentence with which a service of ours refused to start."""
    for line in last_words.splitlines():
        with suppress(ValueError):
            match json.loads(line):
                case {"exception": {"type": str(kind), "message": str(told)}} if kind.startswith("shared."):
                    return told
                case _:
                    continue
    return None
