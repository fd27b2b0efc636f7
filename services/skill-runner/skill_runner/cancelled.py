"""Which sessions were cancelled lately: what they had asked for before, and lay in the queue, is not run."""

from shared.work import Work

REMEMBERED = 10_000


class Cancelled:
    """By user and session, the number of the commit that cancelled it; a retry asks under a later one.

    A skill that runs alone may have the id of a session; nobody cancels it.
    """

    def __init__(self) -> None:
        self._seqs: dict[tuple[str, str], int] = {}

    def note(self, user: str, session: str, seq: int) -> None:
        before = self._seqs.pop((user, session), 0)
        self._seqs[user, session] = max(before, seq)
        if len(self._seqs) > REMEMBERED:
            del self._seqs[next(iter(self._seqs))]

    def has(self, work: Work) -> bool:
        return work.noun == "session" and work.seq < self._seqs.get((str(work.user), str(work.id)), 0)
