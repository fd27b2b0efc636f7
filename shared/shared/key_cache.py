"""Keys of people in memory: few, and never long enough to outlive an erasure elsewhere."""

import time
from collections import OrderedDict
from collections.abc import Iterable
from uuid import UUID

FRESH_S = 3.0
OUTAGE_S = 600.0
AT_MOST = 20_000


class KeyCache:
    """Holds a key, or None for an erased person, by user and person; the least recently read ones leave."""

    def __init__(self, at_most: int = AT_MOST) -> None:
        self._held: OrderedDict[tuple[UUID, UUID], tuple[bytes | None, float]] = OrderedDict()
        self._at_most = at_most

    def fresh(self, user: UUID, people: Iterable[UUID]) -> dict[UUID, bytes | None]:
        """Return those that nobody can have erased for more than FRESH_S seconds."""
        return self._younger_than(FRESH_S, user, people)

    def during_outage(self, user: UUID, people: Iterable[UUID]) -> dict[UUID, bytes | None]:
        """Return those of the last minutes: while Postgres is away, nobody is erased."""
        return self._younger_than(OUTAGE_S, user, people)

    def keep(self, user: UUID, keys: dict[UUID, bytes | None]) -> None:
        """Remember what was read; an erased person's key that was read just before does not come back."""
        now = time.monotonic()
        for person, key in keys.items():
            if (user, person) in self._held and self._held[user, person][0] is None:
                continue
            self._held[user, person] = (key, now)
            self._held.move_to_end((user, person))
        while len(self._held) > self._at_most:
            self._held.popitem(last=False)

    def clear(self) -> None:
        self._held.clear()

    def drop(self, user: UUID, people: Iterable[UUID]) -> None:
        for person in people:
            self._held.pop((user, person), None)

    def _younger_than(self, age: float, user: UUID, people: Iterable[UUID]) -> dict[UUID, bytes | None]:
        oldest = time.monotonic() - age
        found: dict[UUID, bytes | None] = {}
        for person in people:
            key, since = self._held.get((user, person), (None, -1.0))
            if since > 0 and (key is None or since >= oldest):
                found[person] = key
                self._held.move_to_end((user, person))
        return found
