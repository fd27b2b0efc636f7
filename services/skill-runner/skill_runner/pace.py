"""How many calls a model takes: nobody is told before one is refused, which costs nothing and tells it."""

import asyncio
import math
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.within import set_within
from skill_runner.failure import Failure

RATE_LIMITED, AWAY = "rate_limited", "provider_away"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 60.0
COME_BACK_S = 1.0
OTHERS_FIRST = "the model's server answers others first"


class NoTurn(Failure):
    """No call was made: the model takes none in time; `wait_s` is how long it had better be left alone."""

    def __init__(self, code: str, message: str, wait_s: float) -> None:
        super().__init__(code, message, retryable=True, retry_after_s=round(wait_s, 1))
        self.wait_s = wait_s


class Pace:
    """As many calls at once as were taken lately, and none for as long as the provider asks to wait.

    A refusal halves how many that is; each round of calls that are taken adds one, up to `limit`. A pause is
    twice the one before, unless a call was taken between them or the provider asks for more.
    """

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit or math.inf
        self._most = self._limit
        self._running = 0
        self._pause_s = FIRST_PAUSE_S
        self._paused_at = self._until = 0.0
        self._why: Failure | None = None
        self._next = asyncio.Lock()
        self._changed = asyncio.Event()

    def no_turn(self) -> NoTurn | None:
        """Return why and for how long an attempt had better stay in its queue; None when its call can begin.

        Also None where the provider asks for a long pause: the attempt then tells of it.
        """
        closed_s = self._closed_s()
        full = self._running >= self._most or self._next.locked()
        wait_s = max(closed_s, COME_BACK_S) if full else closed_s
        return self._no_turn(wait_s) if wait_s and closed_s <= LONGEST_PAUSE_S else None

    @asynccontextmanager
    async def turn(self, until: float) -> AsyncIterator[None]:
        """Make a call when its turn comes; raises NoTurn when none comes before `until` (loop's clock)."""
        await self._begin(until)
        begun = _now()
        try:
            yield
            self._taken()
        except Failure as failure:
            if failure.code in (RATE_LIMITED, AWAY):
                self._refused(failure, begun)
            raise
        finally:
            self._running -= 1
            self._changed.set()

    async def _begin(self, until: float) -> None:
        if self._next.locked() or not self._has_room():
            try:
                async with asyncio.timeout_at(until), self._next:
                    await self._room(until)
            except TimeoutError:
                raise self._no_turn(self._closed_s()) from None
        self._running += 1

    async def _room(self, until: float) -> None:
        while not self._has_room():
            if self._until > until:
                raise self._no_turn(self._closed_s())
            self._changed.clear()
            await set_within(self._changed, self._closed_s() or None)

    def _has_room(self) -> bool:
        return self._running < self._most and not self._closed_s()

    def _closed_s(self) -> float:
        return max(0.0, self._until - _now())

    def _taken(self) -> None:
        self._most = min(self._limit, self._most + 1 / self._most)
        self._pause_s = FIRST_PAUSE_S
        if self._most == self._limit:
            self._why = None

    def _refused(self, failure: Failure, begun: float) -> None:
        """Slow down, but once only for all calls that were under way together."""
        now, asked_s = _now(), failure.retry_after_s or 0.0
        self._why = failure
        if begun >= self._paused_at:
            self._most = max(1, self._running // 2)
            self._paused_at = now
            asked_s = max(asked_s, self._pause_s)
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        self._until = max(self._until, now + asked_s)

    def _no_turn(self, wait_s: float) -> NoTurn:
        code, message = (self._why.code, self._why.message) if self._why else (RATE_LIMITED, OTHERS_FIRST)
        return NoTurn(code, message, wait_s)


Paces = defaultdict[str, Pace]


def paces(at_once: int | None) -> Paces:
    """Return a pace for each model; where a server says how many calls it answers, one for all its models."""
    shared = None if at_once is None else Pace(at_once)
    return defaultdict(lambda: shared or Pace())


def _now() -> float:
    return asyncio.get_running_loop().time()
