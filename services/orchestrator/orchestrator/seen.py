"""The histories of sessions that this process wrote alone, to spare reading them again."""

from collections import OrderedDict

from msgspec import Struct

from shared.log import Past, Recorded
from shared.subjects import Aggregate

MOST, MOST_BYTES = 1_000, 64_000_000


class _History(Struct):
    recorded: list[Recorded] = []
    size: int = 0


class Seen:
    """Keeps up to `most` histories, the newest, until `whole` gives them out; never a part of one.

    They have `most_bytes` together; one that has more is kept alone.
    """

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._by_subject: OrderedDict[str, _History] = OrderedDict()
        self._size = 0

    def keep(self, aggregate: Aggregate, recorded: Recorded, follows: int, size: int) -> None:
        """Add a commit to the one that it follows; where that is not here, the history is forgotten.

        `size` is that of the history with it, in bytes.
        """
        known = self._take(aggregate.subject)
        if follows != (known.recorded[-1].seq if known.recorded else 0):
            return
        known.recorded.append(recorded)
        known.size = size
        self._by_subject[aggregate.subject] = known
        self._size += size
        while len(self._by_subject) > self._most or (
            self._size > self._most_bytes and len(self._by_subject) > 1
        ):
            self._take(next(iter(self._by_subject)))

    def whole(self, aggregate: Aggregate, seq: int) -> Past | None:
        """Return the history up to `seq` or further, and forget it; None where it is not here so far."""
        known = self._by_subject.get(aggregate.subject)
        if known is None or known.recorded[-1].seq < seq:
            return None
        return Past(tuple(self._take(aggregate.subject).recorded))

    def _take(self, subject: str) -> _History:
        """Take it out; an empty one where it is not here."""
        known = self._by_subject.pop(subject, None) or _History()
        self._size -= known.size
        return known
