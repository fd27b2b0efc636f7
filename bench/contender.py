"""Whatever does the work: it has a turn in each round, and is checked after it."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from bench.meter import Groups
from bench.piped import Piped


@dataclass(frozen=True, slots=True)
class Turn:
    """A contender while its servers run: each driver takes its share of what is in flight.

    `groups` are its processes by name. `settle` waits for what is still on its way when the drivers are done,
    and counts as working, but for the `idle_s` in which the last merely waits to be sent together with more.
    `check` is told how many sessions were run in this turn; it raises Wrong.
    """

    drivers: Sequence[Piped]
    groups: Groups
    check: Callable[[int], Awaitable[None]]
    settle: Callable[[], Awaitable[None]] | None = None
    idle_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Contender:
    """`open` starts what does not run yet, and stops it after the turn."""

    name: str
    open: Callable[[], AbstractAsyncContextManager[Turn]]
    latency_sessions: int | None = None
