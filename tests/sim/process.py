"""A simulated process: it lives until a crash strikes it."""

import asyncio
from datetime import timedelta
from typing import NoReturn

from sim.chance import Chance

NOT_AT_ALL = timedelta()


class Process:
    """A process that may die at any operation; what it still awaits then never comes.

    `ahead` is how far its clock is ahead of the others'.
    """

    def __init__(self, name: str, chance: Chance) -> None:
        self.name = name
        self.alive = True
        self.ahead = NOT_AT_ALL
        self.died = asyncio.Event()
        self.died_at: float | None = None
        self._chance = chance
        self._limbo: list[asyncio.Future[None]] = []

    @property
    def falls(self) -> bool:
        """Whether it is dead or dies here: a place where a crash may strike."""
        if self.alive and self._chance.strikes("crash"):
            self.kill()
        return not self.alive

    async def point(self) -> None:
        """Go on, unless it falls: a dead process stays here for ever."""
        if self.falls:
            await self.gone()

    async def gone(self) -> NoReturn:
        """Never return; kept in memory, for what the garbage collector ends would run its last blocks."""
        self._limbo.append(asyncio.get_running_loop().create_future())
        await self._limbo[-1]
        raise AssertionError

    def kill(self) -> None:
        self.alive = False
        self.died_at = asyncio.get_running_loop().time()
        self.died.set()
