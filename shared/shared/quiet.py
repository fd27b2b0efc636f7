"""What is said now and then only: a flood or a long outage must not fill the log, too."""

import time


class Quiet:
    """The time after something was said for which it is not said again."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = 0.0

    def is_over(self) -> bool:
        """Tell whether it may be said; if so it counts as said, and another such time begins."""
        now = time.monotonic()
        if now < self._until:
            return False
        self._until = now + self._seconds
        return True
