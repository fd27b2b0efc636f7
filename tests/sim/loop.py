"""An event loop whose time passes only when nobody has anything to do."""

import asyncio
from asyncio import events
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from heapq import heappop, heappush
from typing import Any

MOST_TURNS = 30_000


class Stuck(Exception):  # noqa: N818 - a verdict
    """Nothing will ever happen again and somebody still waits, or the same goes on and on for nothing."""


class Call:
    """A callback that will run unless it is cancelled."""

    __slots__ = ("args", "callback", "context", "when")

    def __init__(
        self, when: float, callback: Callable[..., Any], args: tuple[Any, ...], context: Context | None
    ) -> None:
        self.when = when
        self.callback: Callable[..., Any] | None = callback
        self.args = args
        self.context = context or copy_context()

    def cancel(self) -> None:
        self.callback = None


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs ready callbacks in their order, then jumps to the next timer; `now` is in seconds.

    A run takes some hundred turns, rarely a thousand: after MOST_TURNS it is a livelock. An error in a
    callback ends the run.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self._turns = 0
        self._timers: list[tuple[float, int, Call]] = []
        self._set = 0

    def time(self) -> float:
        return self.now

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Call:
        call = Call(self.now, callback, args, context)
        self._ready.append(call)  # type: ignore[attr-defined]
        return call

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Call:
        call = Call(when, callback, args, context)
        self._set += 1
        heappush(self._timers, (when, self._set, call))
        return call

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Call:
        return self.call_at(self.now + delay, callback, *args, context=context)

    def _write_to_self(self) -> None:
        pass

    def _run_once(self) -> None:
        self._turns += 1
        if self._turns > MOST_TURNS:
            raise Stuck
        ready, timers = self._ready, self._timers  # type: ignore[attr-defined]
        while timers and (timers[0][0] <= self.now or not ready):
            when, _, call = heappop(timers)
            if call.callback is not None:
                self.now = max(self.now, when)
                ready.append(call)
        if not ready:
            raise Stuck
        for _ in range(len(ready)):
            call = ready.popleft()
            if call.callback is not None:
                call.context.run(call.callback, *call.args)

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
            self.run_until_complete(asyncio.wait(left))
