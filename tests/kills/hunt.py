"""Who is killed when: drawn from one seed, every target as often as any other."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from load import Load
from shared.clock import utc_now

RUNNER = "skill-runner"


@dataclass(frozen=True, slots=True)
class Kill:
    """A `kill -9`; one that was `alone` had no other near it, so that recovery can be measured."""

    name: str
    pid: int
    at: datetime
    alone: bool = False


@dataclass
class Hunt:
    """Kills under a load; `pause_s` is the longest time between two kills."""

    load: Load
    chance: random.Random
    pause_s: float
    kills: list[Kill] = field(default_factory=list)
    _deck: list[str] = field(default_factory=list)

    async def some(self, kills: int) -> None:
        """Kill so many, not caring what is still down."""
        for _ in range(kills):
            await self._kill(self._next(), alone=False)
            await asyncio.sleep(self.chance.uniform(0, self.pause_s))

    async def runner_alone(self, lease_s: float) -> None:
        """Kill one skill-runner while all else has been well for as long as a lease lasts, and stays so."""
        await self.load.all_alive()
        await asyncio.sleep(lease_s + 1)
        runners = [name for name in self.load.targets() if name.startswith(RUNNER)]
        await self._kill(self.chance.choice(runners), alone=True)
        await asyncio.sleep(lease_s + 1)

    def _next(self) -> str:
        if not self._deck:
            self._deck = self.load.targets()
            self.chance.shuffle(self._deck)
        return self._deck.pop()

    async def _kill(self, name: str, *, alone: bool) -> None:
        pid = await self.load.kill(name)
        self.kills.append(Kill(name, pid, utc_now(), alone))

    def by_target(self) -> Iterator[tuple[str, int]]:
        for name in sorted({kill.name for kill in self.kills}):
            yield name, sum(kill.name == name for kill in self.kills)
