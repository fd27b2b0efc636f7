"""How often in a row a message failed: what tells bad luck from a message that never works."""

from typing import Any

from nats.errors import ConnectionClosedError, ConnectionReconnectingError, NoRespondersError
from nats.errors import Error as NatsError
from nats.js.errors import NoStreamResponseError, ServiceUnavailableError

from shared.newest import Newest
from shared.refusal import Refusal

NATS_AWAY = (
    TimeoutError,
    ConnectionClosedError,
    ConnectionReconnectingError,
    NoRespondersError,
    NoStreamResponseError,
    ServiceUnavailableError,
)
IN_FLIGHT = 10_000
"""Enough for all that a consumer has in hand."""


class Failures:
    """How often in a row each message failed in the same place; an outage is nobody's fault."""

    def __init__(self) -> None:
        self._counts = Newest[int, tuple[str, int]](IN_FLIGHT)

    def count(self, seq: int, error: Exception) -> int:
        if is_outage(error):
            return 0
        place = _place(error)
        before, times = self._counts.get(seq) or (place, 0)
        times = times + 1 if before == place else 1
        self._counts.put(seq, (place, times))
        return times

    def forget(self, seq: int) -> None:
        self._counts.pop(seq)


def is_outage(error: Exception) -> bool:
    """Whether the error says that something else is away rather than that the message is bad."""
    if isinstance(error, Refusal):
        return error.code == "unavailable"
    return isinstance(error, NatsError | OSError | TimeoutError) or type(error).__module__.startswith(
        "asyncpg"
    )


def _place(error: Exception) -> str:
    frame: Any = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame is not None else ""
    return f"{type(error).__name__}@{where}"
