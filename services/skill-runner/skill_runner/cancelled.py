"""What was cancelled lately: what had been asked for before, and lay in the queue, is not run."""

from shared.work import Work

REMEMBERED = 10_000
Run = tuple[str, str, str]


def run_of(work: Work) -> Run:
    """Return whose work it is: a skill that runs alone may have the id of a session."""
    return str(work.user), work.noun, str(work.id)


class Cancelled:
    """By user, noun and id, the number of the commit that cancelled it; a retry asks under a later one."""

    def __init__(self) -> None:
        self._seqs: dict[Run, int] = {}

    def note(self, run: Run, seq: int) -> None:
        before = self._seqs.pop(run, 0)
        self._seqs[run] = max(before, seq)
        if len(self._seqs) > REMEMBERED:
            del self._seqs[next(iter(self._seqs))]

    def has(self, work: Work) -> bool:
        return work.seq < self._seqs.get(run_of(work), 0)
