"""What was cancelled lately: what had been asked for before, and lay in the queue, is not run."""

from shared.newest import Newest
from shared.work import Work

REMEMBERED = 10_000
Run = tuple[str, str, str]


def run_of(work: Work) -> Run:
    """Return whose work it is: a skill that runs alone may have the id of a session."""
    return str(work.user), work.noun, str(work.id)


class Cancelled:
    """By user, noun and id, the number of the commit that cancelled it; a retry asks under a later one."""

    def __init__(self) -> None:
        self._seqs = Newest[Run, int](REMEMBERED)

    def note(self, run: Run, seq: int) -> None:
        self._seqs.put(run, max(self._seqs.get(run) or 0, seq))

    def has(self, work: Work) -> bool:
        return work.seq < (self._seqs.get(run_of(work)) or 0)
