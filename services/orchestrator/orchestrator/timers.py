"""Timers in memory: the sweep fills them again from the log after a restart."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from typing import Any

from shared.clock import Clock, utc_now
from shared.events import LONGEST_PATIENCE_S
from shared.failures import is_outage
from shared.logs import get_logger
from shared.quiet import Quiet

AGAIN_S, LONGEST_S = 1.0, 30.0
SAID_AGAIN_S = 10.0
A_MOMENT = timedelta(seconds=1)
Due = Callable[[], Awaitable[None]]


class Timers:
    """One timer per key; setting it again moves it.

    A callback that fails is tried again in a second, then ever more slowly, unless the key's timer has fired
    once more by then: during an outage each sweep sets the timers anew, and their callbacks would pile up.
    """

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._handles: dict[Hashable, tuple[float, asyncio.TimerHandle]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._latest: dict[Hashable, Due] = {}
        self._quiet = Quiet(SAID_AGAIN_S)

    def set(self, key: Hashable, at: datetime, due: Due) -> None:
        self._start(key, self._wait_s(at), self._fire_at, key, at, due)

    def set_in(self, key: Hashable, seconds: float, due: Due) -> None:
        """Set one that does not mind when the clock is put back or forward meanwhile."""
        self._start(key, seconds, self._fire, key, due)

    def keep(self, key: Hashable, at: datetime, due: Due) -> None:
        """Set one, or leave that of the key which comes sooner: none comes later for a clock put back."""
        held = self._handles.get(key)
        if held is None or asyncio.get_running_loop().time() + self._wait_s(at) < held[0]:
            self.set(key, at, due)

    def clear(self, key: Hashable) -> None:
        if (held := self._handles.pop(key, None)) is not None:
            held[1].cancel()

    def is_set(self, key: Hashable) -> bool:
        """Whether it is still to come; one whose callback runs is so only if it was set again."""
        return key in self._handles

    def close(self) -> None:
        for _, handle in self._handles.values():
            handle.cancel()
        for task in self._running:
            task.cancel()

    def _start(self, key: Hashable, seconds: float, fire: Callable[..., None], *args: Any) -> None:
        self.clear(key)
        loop = asyncio.get_running_loop()
        when = loop.time() + seconds
        self._handles[key] = when, loop.call_at(when, fire, *args)

    def _wait_s(self, at: datetime) -> float:
        """Return how long to wait; nothing is planned for longer, but the clock may have been put back."""
        return min(max(0.0, (at - self._clock()).total_seconds()), LONGEST_PATIENCE_S)

    def _fire_at(self, key: Hashable, at: datetime, due: Due) -> None:
        """Wait on when it is a moment too early: uvloop counts from when it last looked at its clock.

        By more, the clock has been put back; what was waited for has come.
        """
        if timedelta() < at - self._clock() < A_MOMENT:
            self.set(key, at, due)
        else:
            self._fire(key, due)

    def _fire(self, key: Hashable, due: Due) -> None:
        self._handles.pop(key, None)
        self._latest[key] = due
        task = asyncio.create_task(self._run(key, due))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, key: Hashable, due: Due) -> None:
        wait_s = AGAIN_S
        try:
            while self._latest.get(key) is due:
                try:
                    await due()
                except Exception as error:  # noqa: BLE001 - what was due stays due
                    self._tell(key, error)
                    await asyncio.sleep(wait_s)
                    wait_s = min(2 * wait_s, LONGEST_S)
                else:
                    return
        finally:
            if self._latest.get(key) is due:
                del self._latest[key]

    def _tell(self, key: Hashable, error: Exception) -> None:
        """Tell of an outage now and then: it keeps as many timers as sessions wait."""
        if not is_outage(error):
            get_logger().error("a timer is tried again", timer=str(key), exc_info=error)
        elif self._quiet.is_over():
            get_logger().warning("timers wait", timer=str(key), reason=type(error).__name__)
