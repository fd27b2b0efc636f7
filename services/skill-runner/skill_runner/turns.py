"""How many custom attempts a runner holds: those that can begin soon, by how long turns took lately."""

AT_ONCE = 4
AHEAD_S = 0.05
MOST = 64
NEWEST = 0.2
SHORTEST_S = 1e-6


class Turns:
    """A turn is the time that a worker has for an attempt; its report is on its way after it.

    Attempts that could not begin within AHEAD_S seconds are left to other runners.
    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._took_s = AHEAD_S

    def took(self, seconds: float) -> None:
        self._took_s += NEWEST * (seconds - self._took_s)

    def in_flight(self) -> int:
        """Return how many attempts to hold; those that are being reported count too."""
        soon = round(self._at_once * AHEAD_S / max(self._took_s, SHORTEST_S))
        return max(self._at_once, min(MOST, soon))
