"""The histories of sessions that this process wrote alone, to spare reading them again."""

from shared.log import Past, Recorded
from shared.newest import Newest
from shared.subjects import Aggregate

MOST, MOST_BYTES = 1_000, 64_000_000


class Seen:
    """Keeps up to `most` histories, the newest, until `whole` gives them out; never a part of one.

    They have `most_bytes` together.
    """

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._by_subject = Newest[str, list[Recorded]](most, most_bytes)

    def keep(self, aggregate: Aggregate, recorded: Recorded, follows: int, size: int) -> None:
        """Add a commit to the one that it follows; where that is not here, the history is forgotten.

        `size` is that of the history with it, in bytes.
        """
        known = self._by_subject.pop(aggregate.subject) or []
        if follows == (known[-1].seq if known else 0):
            known.append(recorded)
            self._by_subject.put(aggregate.subject, known, size)

    def whole(self, aggregate: Aggregate, seq: int) -> Past | None:
        """Return the history up to `seq` or further, and forget it; None where it is not here so far."""
        known = self._by_subject.get(aggregate.subject)
        if known is None or known[-1].seq < seq:
            return None
        self._by_subject.pop(aggregate.subject)
        return Past(tuple(known))
