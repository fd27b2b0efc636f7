"""What is asked of a worker: it waits until one is free, has its time, and ends once."""

import asyncio
import signal
from collections.abc import Callable
from typing import Any

from skill_runner.failure import Failure
from skill_runner.frames import OUT_OF_FILES, OUT_OF_MEMORY, Frame, pack


class Crashed(Exception):  # noqa: N818 - an outcome
    """The process ended before it answered."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code

    def failure(self) -> Failure:
        """Say how the process ended; trying again may help."""
        if self.code in (OUT_OF_MEMORY, -signal.SIGKILL):
            how = "ran out of memory or was killed"
        elif self.code == OUT_OF_FILES:
            how = "had as many files open as it may"
        elif self.code < 0:
            how = f"ended with signal {signal.Signals(-self.code).name}"
        else:
            how = f"ended with exit code {self.code}"
        return Failure("crashed", f"the skill's process {how}", retryable=True)


def nothing(_partial: Any) -> None:
    """Want no partial results."""


class Call:
    """`ended` gives `{"output": …}` or `{"error": …}`; raises Crashed, and TimeoutError once its time is up.

    Its time begins when a worker has it; `took_s` is how much of it was needed. `partial` hears of partial
    results.
    """

    __slots__ = ("_begun", "_timer", "_within_s", "data", "ended", "partial", "took_s")

    def __init__(
        self, call: Frame, partial: Callable[[Any], None] = nothing, *, within_s: float | None = None
    ) -> None:
        self.data = pack(call)
        self.partial = partial
        self.ended: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self.took_s = 0.0
        self._within_s = within_s
        self._begun: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        loop = self.ended.get_loop()
        self._begun = loop.time()
        if self._within_s is not None:
            self._timer = loop.call_later(self._within_s, self.fail, TimeoutError())

    def answer(self, frame: Frame) -> None:
        self.stop()
        if not self.ended.done():
            self.ended.set_result(frame)

    def fail(self, error: Exception) -> None:
        self.stop()
        if not self.ended.done():
            self.ended.set_exception(error)

    def stop(self) -> None:
        """Its time is over."""
        if self._begun is not None:
            self.took_s = self.ended.get_loop().time() - self._begun
            self._begun = None
        if self._timer is not None:
            self._timer.cancel()
