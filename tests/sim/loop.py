"""An event loop whose time passes only when nobody has anything to do."""

import asyncio
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from heapq import heappop, heappush
from typing import Any, TypeVar

from msgspec import Struct

MOST_CALLS = 100_000
T = TypeVar("T")


class Stuck(Exception):  # noqa: N818 - a verdict
    """Nothing will ever happen again and somebody still waits, or the same goes on and on for nothing."""


class Call(Struct, eq=False):
    """A callback that will run unless it is cancelled."""

    callback: Callable[..., Any] | None
    args: tuple[Any, ...]
    context: Context

    def cancel(self) -> None:
        self.callback = None


class VirtualLoop(asyncio.AbstractEventLoop):
    """Runs ready callbacks in their order, then jumps to the next timer; `now` is in seconds.

    A run takes some hundred calls, rarely a thousand: after MOST_CALLS it is a livelock. An error in a
    callback ends the run.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._ready: deque[Call] = deque()
        self._timers: list[tuple[float, int, Call | asyncio.Future[None]]] = []
        self._set = 0
        self._tasks: list[asyncio.Task[Any]] = []

    def time(self) -> float:
        return self.now

    def get_debug(self) -> bool:
        return False

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self, coroutine: Coroutine[Any, Any, T], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[T]:
        task = asyncio.Task(coroutine, loop=self, name=name, context=context)
        self._tasks.append(task)
        return task

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Call:
        call = Call(callback, args, context or copy_context())
        self._ready.append(call)
        return call

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Call:
        call = Call(callback, args, context or copy_context())
        self._set += 1
        heappush(self._timers, (when, self._set, call))
        return call

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Call:
        return self.call_at(self.now + delay, callback, *args, context=context)

    def pause(self, seconds: float) -> asyncio.Future[None]:
        """Return what is over after a while: `asyncio.sleep` at half the price."""
        pause: asyncio.Future[None] = asyncio.Future(loop=self)
        self._set += 1
        heappush(self._timers, (self.now + seconds, self._set, pause))
        return pause

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """What fails and is heard by nobody shows in what never happens then."""

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run to the end of the coroutine, then end whatever else is there."""
        events._set_running_loop(self)
        try:
            main = self.create_task(coroutine)
            self._run_until(main)
            return main.result()
        finally:
            self._end_all()
            events._set_running_loop(None)

    def _run_until(self, task: asyncio.Task[Any] | None) -> None:
        """Run what is ready, and what becomes so in time, until the task is done; without one, time rests."""
        ready, left = self._ready, MOST_CALLS
        while True:
            while ready:
                call = ready.popleft()
                if call.callback is not None:
                    call.context.run(call.callback, *call.args)
                    left -= 1
                    if not left:
                        raise Stuck
            if task is None or task.done():
                return
            self._jump()

    def _jump(self) -> None:
        """Let time pass until something is due; of what is due at once the first that was set comes first."""
        timers, ready = self._timers, self._ready
        while timers and (not ready or timers[0][0] <= self.now):
            when, _, due = heappop(timers)
            if isinstance(due, asyncio.Future):
                if due.done():
                    continue
                due.set_result(None)
            elif due.callback is None:
                continue
            else:
                ready.append(due)
            self.now = max(self.now, when)
        if not ready:
            raise Stuck

    def _end_all(self) -> None:
        while left := [task for task in self._tasks if not task.done()]:
            for task in left:
                task.cancel()
            self._run_until(None)
        self._tasks.clear()
        self._timers.clear()
