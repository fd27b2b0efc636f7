"""The alarm for a NATS that stores nothing: it refuses for want of room, or says nothing at all."""

from nats.js.errors import APIError

from shared.logs import get_logger
from shared.quiet import Quiet

NO_ROOM = (10023, 10047, 10077)
EVERY_S = 60.0
WAY_OUT = "make room on its disk or raise max_file_store, then restart NATS"


def no_room(error: Exception) -> bool:
    """Tell whether NATS refused for want of room; nothing was stored."""
    return isinstance(error, APIError) and error.err_code in NO_ROOM


class RoomAlarm:
    """Says so at once, and again every minute while it lasts."""

    def __init__(self) -> None:
        self._quiet = Quiet(EVERY_S)

    def refused(self, error: Exception) -> None:
        """Take note of any refusal; the others are no alarm."""
        if no_room(error):
            self._say(f"no room is left in its store: {WAY_OUT}")

    def silent(self) -> None:
        """Take note of an acknowledgement that did not come though the connection stood all the time."""
        self._say(f"it does not acknowledge; if its own log says that the disk is full: {WAY_OUT}")

    def _say(self, reason: str) -> None:
        if self._quiet.is_over():
            get_logger().error("NATS stores nothing", reason=reason)
