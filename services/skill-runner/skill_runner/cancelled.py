"""Which sessions were cancelled lately: what they had asked for before, and lay in the queue, is not run."""

from shared.work import Work

REMEMBERED = 10_000


class Cancelled:
    """By user and session, the number of the commit that cancelled it; a retry asks under a later one."""

    def __init__(self) -> None:
        self._seqs: dict[tuple[str, str], int] = {}

    def note(self, user: str, session: str, seq: int) -> None:
        self._seqs.pop((user, session), None)
        self._seqs[user, session] = seq
        if len(self._seqs) > REMEMBERED:
            del self._seqs[next(iter(self._seqs))]

    def has(self, work: Work) -> bool:
        return work.seq < self._seqs.get((str(work.user), str(work.id)), 0)
