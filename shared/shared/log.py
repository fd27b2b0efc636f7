"""The log: commits on one literal subject per aggregate, guarded by the expected sequence."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import Protocol, TypeVar

from msgspec import Struct

from shared.commit import Commit, decode
from shared.events import AnyEvent
from shared.message import Unreadable
from shared.refusal import Refusal
from shared.subjects import Aggregate

TRIES, AGAIN_S = 10, 0.05
Found = TypeVar("Found")


class Conflict(Exception):  # noqa: N818 - the answer to a race, not a fault
    """Somebody else appended first: load and decide again."""


class Behind(Refusal):
    """No copy of the log that was asked, for as often as it is worth, has got far enough."""

    def __init__(self) -> None:
        super().__init__("unavailable", None, "the log has not got that far here: ask again")


async def read_until(far_enough: Callable[[Found], bool], read: Callable[[], Awaitable[Found]]) -> Found:
    """Read again where a copy of the log that answers is behind for a moment; raises Behind in the end."""
    for _ in range(TRIES):
        found = await read()
        if far_enough(found):
            return found
        await asyncio.sleep(AGAIN_S)
    raise Behind


class Recorded(Struct, frozen=True):
    """A commit and its sequence in the whole log."""

    seq: int
    commit: Commit


class Past(Struct, frozen=True):
    """What has happened to one aggregate; `seq` 0 means nothing.

    `more` has happened after it where only a page was asked for.
    """

    recorded: tuple[Recorded, ...] = ()
    more: bool = False

    @property
    def seq(self) -> int:
        return self.recorded[-1].seq if self.recorded else 0

    @property
    def events(self) -> list[AnyEvent]:
        return [event for recorded in self.recorded for event in recorded.commit.events]


class BadCommit(Unreadable):
    """The commit at `seq` cannot be read, so nobody knows the whole; `before` is what precedes it."""

    def __init__(self, why: Unreadable, seq: int, before: Past) -> None:
        super().__init__(why.field, why.reason, why.code)
        self.seq = seq
        self.before = before


def read_into(recorded: list[Recorded], stored: Iterable[tuple[int, bytes]]) -> None:
    """Add stored commits by their sequences; raises BadCommit at the first that cannot be read."""
    for seq, body in stored:
        try:
            recorded.append(Recorded(seq, decode(body)))
        except Unreadable as why:
            raise BadCommit(why, seq, Past(tuple(recorded))) from None


def of_another_user(aggregate: Aggregate, subjects: Collection[str]) -> bool:
    """Answer `Log.is_of_another_user` from the subjects that the log has."""
    tail = aggregate.subject.split(".")[2:]
    return aggregate.subject not in subjects and any(one.split(".")[2:] == tail for one in subjects)


class Log(Protocol):
    """Load and append; both stores pass the same contract tests."""

    async def load(self, aggregate: Aggregate, after: int = 0) -> Past:
        """Return the commits with a sequence greater than `after`, in order: all that there are by now.

        Raises BadCommit.
        """
        ...

    async def page(self, aggregate: Aggregate, after: int | datetime, *, most: int, most_bytes: int) -> Past:
        """Return the first commits after a sequence or a moment: `most`, or until they have `most_bytes`.

        One at least, if there is any; a copy of the log that is asked may be behind. Raises BadCommit.
        """
        ...

    async def at_least(self, aggregate: Aggregate) -> int:
        """Return how far pages of it go once they hold all that there is by now; 0: no copy can be behind."""
        ...

    async def lasts(self, aggregates: Sequence[Aggregate]) -> dict[Aggregate, Recorded]:
        """Return the last commit by now of each aggregate that has one: far cheaper than to load many."""
        ...

    async def is_of_another_user(self, aggregate: Aggregate) -> bool:
        """Tell whether another user has a history of this noun and id, and the aggregate's own has none."""
        ...

    async def append(self, aggregate: Aggregate, commit: Commit, *, expected: int) -> int:
        """Store the commit and return its sequence; `expected` is the aggregate's last one, 0 for none.

        Raises Conflict when that is not so, TooLarge when the server cannot take it, TimeoutError or a nats
        error when nobody knows whether it is stored. Appending a commit that is stored already (the same
        commit id, after an answer was lost) returns its sequence.
        """
        ...

    async def last_seq(self) -> int:
        """Return the sequence of the newest commit of all."""
        ...


class TooLarge(Exception):  # noqa: N818 - an answer
    """The commit exceeds what the server takes in one message."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"the commit has {size} bytes, the server takes {limit}")
        self.size = size
        self.limit = limit


def _is_after(after: int | datetime, seq: int, body: bytes) -> bool:
    return seq > after if isinstance(after, int) else decode(body).at >= after


@dataclass
class MemoryLog:
    """The log of a single process; it keeps bytes, as the real one does."""

    max_payload: int = 8 * 1024 * 1024
    _messages: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    _last: int = 0

    async def load(self, aggregate: Aggregate, after: int = 0) -> Past:
        recorded: list[Recorded] = []
        read_into(recorded, (one for one in self._messages.get(aggregate.subject, []) if one[0] > after))
        return Past(tuple(recorded))

    async def page(self, aggregate: Aggregate, after: int | datetime, *, most: int, most_bytes: int) -> Past:
        stored = [one for one in self._messages.get(aggregate.subject, []) if _is_after(after, *one)]
        sizes = accumulate(len(body) for _, body in stored)
        before = sum(size < most_bytes for size in sizes)
        found = stored[: min(most, before + 1)]
        recorded: list[Recorded] = []
        read_into(recorded, found)
        return Past(tuple(recorded), len(found) < len(stored))

    async def at_least(self, aggregate: Aggregate) -> int:
        del aggregate
        return 0

    async def lasts(self, aggregates: Sequence[Aggregate]) -> dict[Aggregate, Recorded]:
        pasts = {aggregate: (await self.load(aggregate)).recorded for aggregate in aggregates}
        return {aggregate: recorded[-1] for aggregate, recorded in pasts.items() if recorded}

    async def is_of_another_user(self, aggregate: Aggregate) -> bool:
        return of_another_user(aggregate, self._messages)

    async def append(self, aggregate: Aggregate, commit: Commit, *, expected: int) -> int:
        body = commit.encode(aggregate)
        if len(body) > self.max_payload:
            raise TooLarge(len(body), self.max_payload)
        seq, last = self._messages.get(aggregate.subject, [(0, b"")])[-1]
        if seq != expected:
            if seq and decode(last).commit_id == commit.commit_id:
                return seq
            raise Conflict
        self._last += 1
        self._messages.setdefault(aggregate.subject, []).append((self._last, body))
        return self._last

    async def last_seq(self) -> int:
        return self._last
