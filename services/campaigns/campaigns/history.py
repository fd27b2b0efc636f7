"""What has happened to records of one kind: read from the log, appended to under the expected sequence."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from math import inf
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from campaigns.crowd import for_each
from shared import subjects, telemetry
from shared.commit import Commit
from shared.log import Conflict, Log, Past, read_until
from shared.log import Recorded as RecordedCommit
from shared.newest import Newest
from shared.one_by_one import OneByOne
from shared.subjects import Aggregate

PAGE, PAGE_BYTES = 100, 500_000

S = TypeVar("S")
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Life(Generic[S, C]):
    """The rules of one kind of record, pure; `nothing` is one that is not there yet.

    `says_all` tells of a last commit that it makes up for all before it, as far as imports need it. `size` is
    how much of an event is kept in memory: most are kept whole or less, as one.
    """

    noun: subjects.Record
    nothing: S
    decide: Callable[[C, S], Sequence[Any]]
    evolve: Callable[[S, Past], S]
    says_all: Callable[[Commit], bool] = lambda _: False
    size: Callable[[Any], int] = lambda _: 1


@dataclass(frozen=True, slots=True)
class Known(Generic[S]):
    """A record as it was at its last sequence; `size` is that of all its events."""

    seq: int
    state: S
    size: int = 0


@dataclass(frozen=True, slots=True)
class Recorded:
    """The record's last sequence, and what this command made happen."""

    seq: int
    events: tuple[Any, ...]

    @property
    def happened(self) -> bool:
        return bool(self.events)


class Histories(Generic[S, C]):
    """Only this service appends to them, perhaps in several processes.

    What was read stays in memory, up to a `size` of `keep` in all: only what came since is read again.
    Commands on one record are decided one by one, or all but one of them would be decided in vain.
    """

    def __init__(self, log: Log, life: Life[S, C], *, keep: int = 0) -> None:
        self.life = life
        self._log = log
        self._keeps = keep > 0
        self._kept = Newest[Aggregate, Known[S]](inf, keep)
        self._turns = OneByOne()

    @property
    def nothing(self) -> Known[S]:
        return Known(0, self.life.nothing)

    async def load(self, user: UUID, id_: UUID) -> Known[S]:
        """Return the record as the log has it now."""
        aggregate = subjects.record(user, self.life.noun, id_)
        async with self._turns.of(aggregate):
            return await self._load(aggregate)

    async def _load(self, aggregate: Aggregate) -> Known[S]:
        before = self._kept.get(aggregate) or self.nothing
        return self._grown(aggregate, before, await self._log.load(aggregate, before.seq))

    async def load_many(self, user: UUID, ids: Iterable[UUID]) -> dict[UUID, Known[S]]:
        """Return many records as an import needs them: most are known from their last commit."""
        aggregates = [subjects.record(user, self.life.noun, id_) for id_ in ids]
        lasts = await self._log.lasts(aggregates)
        found = dict.fromkeys(aggregates, self.nothing)

        async def know(aggregate: Aggregate) -> None:
            last = lasts[aggregate]
            enough = self.life.says_all(last.commit)
            past = Past((last,)) if enough else await self._log.load(aggregate)
            found[aggregate] = Known(past.seq, self.life.evolve(self.life.nothing, past))

        await for_each(lasts, know)
        return {aggregate.uuid: known for aggregate, known in found.items()}

    async def past(self, user: UUID, id_: UUID) -> Past:
        return await self._log.load(subjects.record(user, self.life.noun, id_))

    async def page(self, user: UUID, id_: UUID, after: int) -> Past:
        """Return what came after a sequence and is there by now, so much of it as one answer tells."""
        aggregate = subjects.record(user, self.life.noun, id_)
        last = await self._log.at_least(aggregate)
        return await read_until(
            lambda past: past.more or max(past.seq, after) >= last,
            partial(self._log.page, aggregate, after, most=PAGE, most_bytes=PAGE_BYTES),
        )

    async def record(
        self, user: UUID, id_: UUID, command: C, cause: str, known: Known[S] | None = None
    ) -> Recorded:
        """Decide and append; `known` may be a guess, a wrong one costs another load."""
        aggregate = subjects.record(user, self.life.noun, id_)
        async with self._turns.of(aggregate):
            if known is not None and (kept := self._kept.get(aggregate)) and kept.seq > known.seq:
                known = kept
            while True:
                before = known or await self._load(aggregate)
                try:
                    return await self.record_upon(before, user, id_, command, cause)
                except Conflict:
                    known = await self._after(aggregate, before.seq)

    async def record_upon(self, before: Known[S], user: UUID, id_: UUID, command: C, cause: str) -> Recorded:
        """Decide upon what is known and append; raises Conflict where more has happened since."""
        aggregate = subjects.record(user, self.life.noun, id_)
        events = tuple(self.life.decide(command, before.state))
        if not events:
            return Recorded(before.seq, ())
        commit = Commit(
            commit_id=uuid4(),
            at=datetime.now(UTC),
            causation_id=cause,
            traceparent=telemetry.traceparent(),
            events=events,
        )
        seq = await self._log.append(aggregate, commit, expected=before.seq)
        self._grown(aggregate, before, Past((RecordedCommit(seq, commit),)))
        return Recorded(seq, events)

    async def _after(self, aggregate: Aggregate, refused: int) -> Known[S]:
        """Load after a conflict; where nothing has come since, the log has lost what is remembered."""
        known = await self._load(aggregate)
        if known.seq != refused:
            return known
        self._kept.pop(aggregate)
        return await self._load(aggregate)

    def _grown(self, aggregate: Aggregate, before: Known[S], since: Past) -> Known[S]:
        if not since.recorded:
            return before
        more = sum(self.life.size(event) for event in since.events)
        known = Known(since.seq, self.life.evolve(before.state, since), before.size + more)
        if self._keeps:
            self._kept.put(aggregate, known, known.size)
        return known
