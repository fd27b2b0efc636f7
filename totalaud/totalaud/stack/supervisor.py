"""Keeps servers running: one that ends by itself is started again, ever more slowly when it keeps ending."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from totalaud.stack.server import NotReady, Server

Say = Callable[[str], None]
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
STEADY_S = 10.0
STILL_S = 30.0
LOOK_EVERY_S, STANDS_STILL_S = 10.0, 30.0


def pause_after(previous_s: float, lived_s: float) -> float:
    """Return how long to wait before the next start, seconds; a steady life begins anew."""
    if lived_s >= STEADY_S or previous_s == 0:
        return FIRST_PAUSE_S
    return min(previous_s * 2, LONGEST_PAUSE_S)


class Keeper:
    """Keeps one server running from `start` to `stop`; `say` is told of every end and every new start.

    It is also told of a server that stands still, which is left as it is: that may be somebody's wish.
    """

    def __init__(self, server: Server, say: Say) -> None:
        self.server = server
        self.restarts = 0
        self._say = say
        self._starting = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def name(self) -> str:
        return self.server.kind.name

    async def start(self) -> None:
        """Return once it answers; a server that does not come up the first time is not tried again."""
        await self._start()
        self._tasks = [asyncio.create_task(self._keep()), asyncio.create_task(self._watch())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self.server.stop()

    async def _keep(self) -> None:
        pause_s = 0.0
        while self.server.child:
            began = time.monotonic()
            code = await self.server.child.wait()
            pause_s = pause_after(pause_s, time.monotonic() - began)
            self._say(f"{self.name} ended ({_ending(code)}): it is started again in {pause_s:g} s")
            await asyncio.sleep(pause_s)
            await self._again()

    async def _watch(self) -> None:
        """Say that it runs and answers nothing, once that has lasted: nobody else would."""
        heard_at, told = time.monotonic(), False
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            child = self.server.child
            runs = child and child.code is None and not self._starting
            if not child or not runs or await self.server.kind.lives(child.pid):
                if told:
                    self._say(f"{self.name} answers again")
                heard_at, told = time.monotonic(), False
            elif not told and time.monotonic() - heard_at >= STANDS_STILL_S:
                told = True
                self._say(
                    f"{self.name} answers nothing: see {child.log}; "
                    f"'kill -9 {child.pid}' has it started again"
                )

    async def _again(self) -> None:
        self.restarts += 1
        try:
            await self._start()
        except NotReady as error:
            self._say(str(error))
        except OSError as error:
            self._say(f"{self.name}: {error}")
        except Exception as error:  # noqa: BLE001 - nobody else would ever start it again
            self._say(f"{self.name}: {error!r}")
        else:
            self._say(f"{self.name} runs again")

    async def _start(self) -> None:
        """Start it, and say from time to time that it is still waited for: it may have much to recover."""
        telling = asyncio.create_task(self._tell_that_it_takes_long())
        self._starting = True
        try:
            await self.server.start()
        finally:
            self._starting = False
            telling.cancel()

    async def _tell_that_it_takes_long(self) -> None:
        while True:
            await asyncio.sleep(STILL_S)
            child = self.server.child
            self._say(f"{self.name} is not ready yet{f': see {child.log}' if child else ''}")


def _ending(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"
