"""One queue for each ledger: whatever waits is decided together and appended in one commit."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

from msgspec import Struct, field

from orchestrator.ledger import (
    REMEMBERED,
    Exceeded,
    Ledger,
    LedgerCommand,
    Reserve,
    copied,
    decide,
    fold,
    taken_in,
)
from shared.clock import Clock, utc_now
from shared.commit import Commit
from shared.events import AnyEvent
from shared.ledger_events import BalanceCarriedForward
from shared.log import Conflict, Log, read_until
from shared.refusal import Refusal
from shared.subjects import ledger as ledger_of

CACHED = 1_000
A_DAY_AND_MORE = timedelta(days=2)
PAGE_COMMITS, PAGE_BYTES = 1_000, 4_000_000


class Known(Struct, frozen=True):
    """A ledger up to log sequence `seq`."""

    ledger: Ledger = Ledger()
    seq: int = 0


class Done(Known, frozen=True, kw_only=True):
    """The ledger after a command; `changed` tells whether this one did that, or only others beside it."""

    changed: bool


class _Asked(Struct, eq=False):
    command: LedgerCommand
    cause: str
    outcome: Done | Exceeded | Refusal | None = None


class _Decided(Struct):
    """What a batch leads to, and the ledger then; by `id` those who were refused, and who changed nothing."""

    ledger: Ledger
    events: tuple[AnyEvent, ...] = ()
    refused: dict[int, Exceeded | Refusal] = {}
    idle: set[int] = set()


class _Queue(Struct):
    known: Known = Known()
    waiting: list[_Asked] = []
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Ledgers:
    """A bounded cache over the log; the expected sequence makes a stale entry harmless."""

    def __init__(self, log: Log, clock: Clock = utc_now, new_id: Callable[[], UUID] = uuid4) -> None:
        self._log = log
        self._clock = clock
        self._new_id = new_id
        self._queues: OrderedDict[UUID, _Queue] = OrderedDict()

    async def load(self, user: UUID) -> Known:
        """Return the ledger as the log has it now, which a copy of it may lack."""
        queue = self._queue(user)
        async with queue.turn:
            await self._know_all(user, queue)
            return queue.known

    async def do(self, user: UUID, command: LedgerCommand, cause: str) -> Done:
        """Decide and append together with whatever else waits; raises Exceeded or Refusal."""
        queue, asked = self._queue(user), _Asked(command, cause)
        queue.waiting.append(asked)
        try:
            async with queue.turn:
                if asked.outcome is None:
                    await self._do_all(user, queue)
        finally:
            queue.waiting = [other for other in queue.waiting if other is not asked]
        outcome = asked.outcome
        assert outcome is not None
        if isinstance(outcome, Exceeded):
            raise Exceeded(outcome.scope, outcome.purse, outcome.policy)
        if isinstance(outcome, Refusal):
            raise Refusal(outcome.code, outcome.field, outcome.message)
        return outcome

    async def _do_all(self, user: UUID, queue: _Queue) -> None:
        """Answer commands as done before, or as too much, only after a fresh load.

        They are of all that there is; only who has money set aside already waits for no election.
        """
        fresh = False
        batch = list(queue.waiting)
        while True:
            decided = _decided(batch, queue.known.ledger)
            if (decided.refused or decided.idle) and not fresh:
                await (self._know_all if _asks_for_all(batch, decided) else self._catch_up)(user, queue)
                fresh = True
                continue
            if decided.events:
                commit = Commit(
                    commit_id=self._new_id(),
                    at=self._clock(),
                    causation_id=batch[0].cause,
                    events=decided.events,
                )
                try:
                    seq = await self._log.append(ledger_of(user), commit, expected=queue.known.seq)
                except Conflict:
                    await self._catch_up_after(user, queue)
                    fresh = True
                    continue
                queue.known = Known(decided.ledger, seq)
            for asked in batch:
                changed = id(asked) not in decided.idle
                done = Done(queue.known.ledger, queue.known.seq, changed=changed)
                asked.outcome = decided.refused.get(id(asked), done)
            queue.waiting = [other for other in queue.waiting if other.outcome is None]
            return

    async def _know_all(self, user: UUID, queue: _Queue) -> None:
        """Catch up with all that there is by now: a copy of the log may be behind for a moment."""
        last = await self._log.at_least(ledger_of(user))
        await read_until(lambda known: known.seq >= last, partial(self._catch_up, user, queue))

    async def _catch_up(self, user: UUID, queue: _Queue) -> Known:
        """Take in what has come since, page by page; return what is known then."""
        if not queue.known.seq:
            queue.known = await self._carried(user)
        more = True
        while more:
            past = await self._log.page(
                ledger_of(user), queue.known.seq, most=PAGE_COMMITS, most_bytes=PAGE_BYTES
            )
            if past.recorded:
                queue.known = Known(fold(past.events, queue.known.ledger), past.seq)
            more = past.more
        return queue.known

    async def _carried(self, user: UUID) -> Known:
        """Return the balance that all that is remembered comes after, or nothing where none was told."""
        now = self._clock()
        after: int | datetime = now - REMEMBERED - A_DAY_AND_MORE
        while True:
            past = await self._log.page(ledger_of(user), after, most=PAGE_COMMITS, most_bytes=PAGE_BYTES)
            for one in past.recorded:
                if balance := _from_balance(one.commit.events):
                    return Known(fold(balance), one.seq)
                if one.commit.at.date() >= now.date() - REMEMBERED:
                    return Known()
            if not past.more:
                return Known()
            after = past.seq

    async def _catch_up_after(self, user: UUID, queue: _Queue) -> None:
        """Do so after a conflict; where nothing has come since, the log has lost what is remembered."""
        refused = queue.known.seq
        await self._know_all(user, queue)
        if queue.known.seq == refused:
            queue.known = Known()
            await self._know_all(user, queue)

    def _queue(self, user: UUID) -> _Queue:
        queue = self._queues.get(user)
        if queue is None:
            queue = self._queues[user] = _Queue()
        self._queues.move_to_end(user)
        while len(self._queues) > CACHED:
            oldest = next(iter(self._queues.items()))
            if oldest[1].waiting or oldest[1].turn.locked():
                break
            del self._queues[oldest[0]]
        return queue


def _from_balance(events: Sequence[AnyEvent]) -> Sequence[AnyEvent]:
    """Return a balance that was carried forward and what follows it; nothing where none was."""
    for place, event in enumerate(events):
        if isinstance(event, BalanceCarriedForward):
            return events[place:]
    return ()


def _asks_for_all(batch: list[_Asked], decided: _Decided) -> bool:
    idle = [asked.command for asked in batch if id(asked) in decided.idle]
    return bool(decided.refused) or not all(isinstance(command, Reserve) for command in idle)


def _decided(batch: list[_Asked], ledger: Ledger) -> _Decided:
    """Decide one after the other, on one copy: what is remembered of eight days may be long.

    A refusal is kept without its traceback: the frames in it would hold the refusal, for ever in each other.
    """
    decided = _Decided(ledger)
    for asked in batch:
        try:
            found = decide(asked.command, decided.ledger)
        except (Exceeded, Refusal) as refusal:
            decided.refused[id(asked)] = refusal.with_traceback(None)
            continue
        if found:
            ours = decided.ledger if decided.events else copied(ledger)
            decided.ledger = taken_in(found, ours)
            decided.events += (*found,)
        else:
            decided.idle.add(id(asked))
    return decided
