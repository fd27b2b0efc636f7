"""The order to stop one attempt."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from skill_runner.failure import Failure


@dataclass
class Abort:
    """Stops the engine of one attempt, at once or as soon as it begins; any number of times."""

    requested: bool = False
    _running: asyncio.Task[Any] | None = field(default=None, repr=False)

    def request(self) -> None:
        if not self.requested and self._running is not None:
            self._running.cancel()
        self.requested = True

    async def unless(self, engine: Coroutine[Any, Any, Any]) -> Any:
        """Return what the engine returns; raises Failure `cancelled` when it was stopped.

        It runs in the task of its caller, who may be cancelled as well: that goes first.
        """
        if self.requested:
            engine.close()
            raise _stopped()
        task = self._running = asyncio.current_task()
        assert task is not None
        try:
            return await engine
        except asyncio.CancelledError:
            if not self.requested or task.cancelling() > 1:
                raise
            raise _stopped() from None
        finally:
            self._running = None
            if self.requested:
                task.uncancel()


def _stopped() -> Failure:
    return Failure("cancelled", "the attempt was stopped")
