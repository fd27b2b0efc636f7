"""The histories of sessions that this process wrote alone, to spare reading them again."""

from collections import OrderedDict

from shared.log import Past, Recorded
from shared.subjects import Aggregate

MOST = 1_000


class Seen:
    """Keeps up to `most` histories, the newest, until `whole` gives them out; never a part of one."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._by_subject: OrderedDict[str, list[Recorded]] = OrderedDict()

    def keep(self, aggregate: Aggregate, recorded: Recorded, follows: int) -> None:
        """Add a commit to the one that it follows; where that is not here, the history is forgotten."""
        before = self._by_subject.pop(aggregate.subject, [])
        if follows != (before[-1].seq if before else 0):
            return
        before.append(recorded)
        self._by_subject[aggregate.subject] = before
        if len(self._by_subject) > self._most:
            self._by_subject.popitem(last=False)

    def whole(self, aggregate: Aggregate, seq: int) -> Past | None:
        """Return the history up to `seq` or further, and forget it; None where it is not here so far."""
        seen = self._by_subject.get(aggregate.subject)
        if seen is None or seen[-1].seq < seq:
            return None
        del self._by_subject[aggregate.subject]
        return Past(tuple(seen))
