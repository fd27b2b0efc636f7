"""Something to be done again and again beside a block of code."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Self

from nats.errors import Error as NatsError


class Every:
    """Calls `act` every so many seconds, however long that takes; a shorter block costs a timer alone.

    What fails because NATS is away is tried again at the next turn.
    """

    def __init__(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        self._seconds = seconds
        self._act = act
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._begin)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._go_on())

    async def _go_on(self) -> None:
        clock = asyncio.get_running_loop().time
        due = clock()
        while True:
            with suppress(NatsError, OSError):
                await self._act()
            due += self._seconds
            await asyncio.sleep(due - clock())
