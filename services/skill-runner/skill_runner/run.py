"""One attempt as the engines see it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from shared.definitions import SkillDefinition
from shared.work import Work
from skill_runner.failure import Failure
from skill_runner.pace import NoTurn
from skill_runner.progress import Progress


class Run(msgspec.Struct, frozen=True):
    """`input` is complete and valid, personal values in it sealed; `opened` is the same with none sealed."""

    work: Work
    definition: SkillDefinition
    input: dict[str, Any]
    opened: dict[str, Any]
    started_at: datetime
    progress: Progress = msgspec.field(default_factory=Progress)


class Prepared(msgspec.Struct, frozen=True):
    """An attempt that only has to be run; `plan` is its engine's own.

    `most_usd` is the most that its calls can cost: 0 where nobody is paid, None where a price is not known.
    `no_turn` says why and for how long it had better stay in its queue.
    """

    run: Run
    most_usd: Decimal | None = Decimal(0)
    plan: Any = None
    no_turn: NoTurn | None = None


class Engine(Protocol):
    """Runs a skill under its deadline and returns its output, personal values plain or sealed."""

    async def prepare(self, run: Run) -> Prepared:
        """Make ready without paying anybody; raise Failure for what cannot be run."""
        ...

    async def run(self, prepared: Prepared) -> Any:
        """Raise Failure when there is no output."""
        ...


@asynccontextmanager
async def deadline(seconds: float, progress: Progress) -> AsyncIterator[None]:
    """Time the skill, and end it when it runs longer, by the runner's own monotonic clock."""
    clock = asyncio.get_running_loop().time
    begun = clock()
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise late(seconds) from None
    finally:
        progress.took_s = clock() - begun


def late(seconds: float) -> Failure:
    return Failure("timeout", f"the skill ran longer than {seconds:g} s", retryable=True)
