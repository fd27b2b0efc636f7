"""Histories put together from what a consumer saw of the log, to spare reading them again."""

from collections import OrderedDict

from shared.commit import decode
from shared.delivery import Delivery
from shared.jetstream_log import EXPECTED
from shared.log import Past, Recorded

MOST_BYTES = 32 * 1024 * 1024


class Seen:
    """Keeps the newest histories that have not ended, in bounds; what is missing is missed, never made up."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._size = 0
        self._by_subject: OrderedDict[str, list[Delivery]] = OrderedDict()

    def keep(self, delivery: Delivery) -> None:
        self._by_subject.setdefault(delivery.subject, []).append(delivery)
        self._size += len(delivery.body)
        while self._size > self._most:
            self._forget(next(iter(self._by_subject)))

    def whole(self, last: Delivery) -> Past | None:
        """Return the history that ends so, forgetting it; None where a commit of it was not seen here.

        Each commit tells which one it followed.
        """
        seen = [*self._forget(last.subject), last]
        follows = [0, *(delivery.seq for delivery in seen[:-1])]
        if [delivery.headers.get(EXPECTED) for delivery in seen] != [str(seq) for seq in follows]:
            return None
        return Past(tuple(Recorded(delivery.seq, decode(delivery.body)) for delivery in seen))

    def _forget(self, subject: str) -> list[Delivery]:
        seen = self._by_subject.pop(subject, [])
        self._size -= sum(len(delivery.body) for delivery in seen)
        return seen
