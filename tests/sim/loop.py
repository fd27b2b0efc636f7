"""An event loop whose time passes only when nobody has anything to do."""

import asyncio
from asyncio import events
from collections.abc import Coroutine
from typing import Any

MOST_TURNS = 30_000


class Stuck(Exception):  # noqa: N818 - a verdict
    """Nothing will ever happen again and somebody still waits, or the same goes on and on for nothing."""


class _NoSockets:
    """What a loop asks for input: there is none, so a wait is a jump in time."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise Stuck
        self._loop.now += timeout
        return []

    def close(self) -> None:
        pass


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs ready callbacks in their order, then jumps to the next timer; `now` is in seconds.

    A run takes some hundred turns, rarely a thousand: after MOST_TURNS it is a livelock.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._turns = 0
        self._selector = _NoSockets(self)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self.now

    def _process_events(self, event_list: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass

    def _run_once(self) -> None:
        self._turns += 1
        if self._turns > MOST_TURNS:
            raise Stuck
        super()._run_once()  # type: ignore[misc]

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run to the end of the coroutine, then end whatever else is there."""
        events.set_event_loop(self)
        try:
            return self.run_until_complete(coroutine)
        finally:
            self._end_all()
            events.set_event_loop(None)
            self.close()

    def _end_all(self) -> None:
        self._turns = 0
        self.set_exception_handler(lambda _loop, _context: None)
        while left := asyncio.all_tasks(self):
            for task in left:
                task.cancel()
            self.run_until_complete(asyncio.gather(*left, return_exceptions=True))
