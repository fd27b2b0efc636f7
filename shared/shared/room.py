"""The alarm for a NATS that stores nothing: it refuses for want of room, or says nothing at all."""

import time
from collections.abc import Callable

from nats.js.errors import APIError

from shared.logs import get_logger
from shared.quiet import Quiet

NO_ROOM = (10023, 10047, 10077)
EVERY_S = 60.0
ELECTED_S = 15.0
WAY_OUT = "make room on its disk or raise max_file_store, then restart NATS"

MAJORITY = "more than half of a cluster's nodes must be there"
SILENT = f"it does not acknowledge; {MAJORITY}; if its own log says that the disk is full: {WAY_OUT}"


def no_room(error: Exception) -> bool:
    """Tell whether NATS refused for want of room; nothing was stored."""
    return isinstance(error, APIError) and error.err_code in NO_ROOM


class RoomAlarm:
    """Says so at once where it is refused, of a silence in time, and again every minute while it lasts."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._quiet = Quiet(EVERY_S)
        self._silent: dict[str, tuple[float, float]] = {}

    def answered(self, subject: str) -> None:
        """Take note of an answer, be it a refusal."""
        if self._silent:
            self._silent.pop(_family(subject), None)

    def refused(self, error: Exception) -> None:
        """Take note of any refusal; the others are no alarm."""
        if no_room(error):
            self._say(f"no room is left in its store: {WAY_OUT}")

    def silent(self, subject: str, *, unheard: bool = False) -> None:
        """Take note that nobody acknowledged, though the connection stood all the time.

        `unheard` where NATS says that no stream takes it: none is there, or none has a leader.

        So it is for seconds whenever a cluster elects a stream's leader, which is no alarm. Two that are as
        far apart as that, with nothing published between them, are two elections.
        """
        now, family = self._clock(), _family(subject)
        since, last = self._silent.get(family, (now, now))
        if now - last > ELECTED_S:
            since = now
        self._silent[family] = since, now
        if now - since >= ELECTED_S:
            self._say(_gone(family) if unheard else SILENT)

    def _say(self, reason: str) -> None:
        if self._quiet.is_over():
            get_logger().error("NATS stores nothing", reason=reason)


def _gone(family: str) -> str:
    mended = "OPERATIONS.md says how to restore it" if family == "evt" else "'totalaud provision' makes it"
    return f"no stream takes {family}.>: {MAJORITY}; if it is not there ('nats stream ls'), {mended}"


def _family(subject: str) -> str:
    return subject.partition(".")[0]
