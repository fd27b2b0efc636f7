"""Load, decide, append, and again when somebody else was faster: the one way into a session's history."""

import asyncio
from collections.abc import Callable
from functools import partial
from uuid import UUID, uuid4

from msgspec import Struct
from nats.errors import Error as NatsError

from orchestrator.asked import Command
from orchestrator.decide import decide
from orchestrator.evolve import fold
from orchestrator.session import Session
from shared import telemetry, trace_ids
from shared.clock import Clock, utc_now
from shared.commit import Commit
from shared.events import AnyEvent, SessionRetried
from shared.log import Conflict, Log, Past, Recorded, read_until
from shared.newest import Newest
from shared.one_by_one import OneByOne
from shared.subjects import Aggregate

CACHED, CACHED_BYTES = 1_000, 64_000_000
PAGE, PAGE_BYTES = 1_000, 4_000_000
FROM_THE_BEGINNING = 8
Appended = Callable[[Aggregate, Recorded, int, int], None]


def untold(aggregate: Aggregate, recorded: Recorded, follows: int, size: int) -> None:
    pass


class Known(Struct, frozen=True):
    """A session up to log sequence `seq`.

    `span` is the traceparent of its own span, once it has begun; `size` is that of its commits, in bytes.
    """

    session: Session = Session()
    seq: int = 0
    span: str | None = None
    size: int = 0


class Decided(Struct, frozen=True):
    """The session after a decision, the events it made (none: nothing to do) and where they are."""

    known: Known
    events: tuple[AnyEvent, ...]


class Sessions:
    """A cache over the log, bounded in number and bytes; the expected sequence makes a stale entry harmless.

    `sweep_wanted` is set when it is not known whether a commit is stored: if it is, only the sweep finds what
    it asked for. `appended` is called with each commit, the sequence of the one before it and the size of all
    of the session's.
    """

    def __init__(
        self,
        log: Log,
        clock: Clock = utc_now,
        new_id: Callable[[], UUID] = uuid4,
        appended: Appended = untold,
    ) -> None:
        self._log = log
        self._clock = clock
        self._new_id = new_id
        self._appended = appended
        self.sweep_wanted = asyncio.Event()
        self._cache = Newest[str, Known](CACHED, CACHED_BYTES)
        self._of_session = OneByOne()
        self._of_user = OneByOne(FROM_THE_BEGINNING)

    async def load(self, aggregate: Aggregate, *, at_least: int = 0, fresh: bool = False) -> Known:
        """Return what is known up to `at_least`, from the log when `fresh` or not known so far.

        A copy of the log may be behind for a moment; raises Behind where it does not get that far. Of each
        user a few pasts at a time are read from their beginnings: many of one would keep all others waiting.
        """
        if aggregate.subject in self._cache:
            return await self._load(aggregate, at_least, fresh=fresh)
        async with self._of_session.of(aggregate), self._of_user.of(aggregate.user):
            return await self._load(aggregate, at_least, fresh=fresh)

    async def _load(self, aggregate: Aggregate, at_least: int, *, fresh: bool) -> Known:
        cached = self._cache.get(aggregate.subject)
        if cached is not None and not fresh and cached.seq >= at_least:
            return cached
        before = cached or Known()
        known = await read_until(
            lambda known: known.seq >= at_least, partial(self._read_on, aggregate, before)
        )
        if known.seq > before.seq:
            self._remember(aggregate, known)
        return known

    async def newest(self, aggregate: Aggregate) -> Known:
        """Return all that there is by now, which a copy of the log may lack."""
        return await self.load(aggregate, at_least=await self._log.at_least(aggregate), fresh=True)

    async def _read_on(self, aggregate: Aggregate, known: Known) -> Known:
        """Read a page at a time: many may ask at once for a past that is larger than all that we hold."""
        more = True
        while more:
            past = await self._log.page(aggregate, known.seq, most=PAGE, most_bytes=PAGE_BYTES)
            known, more = _further(aggregate, known, past), past.more
        return known

    async def decide(
        self,
        aggregate: Aggregate,
        command: Command,
        *,
        at_least: int = 0,
        cause: str | None = None,
        traceparent: str | None = None,
        supposed_new: bool = False,
    ) -> Decided:
        """Append what the command leads to; `cause` and `traceparent` go into the envelope.

        Commits after the first carry the session's own span, whoever caused them: one session, one trace.
        That of a retry carries the span of who asked for it, if it has one, which the new life is linked to.

        What is known may be out of date, so "nothing to do" and refusals are answered of the newest only,
        or of one that is at least so far: a runner does not wait for an election.
        With `supposed_new` a session that is not cached is taken for one that has not begun: if it has, the
        append conflicts. Where a load after a conflict finds the same sequence, and it conflicts again, the
        log has lost its end (an older one was put in its place): then what is cached is forgotten.
        """
        fresh, refused = False, -1
        while True:
            if supposed_new and not fresh:
                known = self._cache.get(aggregate.subject) or Known()
            else:
                upto = at_least or (await self._log.at_least(aggregate) if fresh else 0)
                known = await self.load(aggregate, at_least=upto, fresh=fresh)
            now = self._clock()
            try:
                session, events = decide(command, known.session, now, aggregate.subject)
            except Exception:
                if fresh:
                    raise
                events = ()
            if not events:
                if fresh:
                    return Decided(known, ())
                fresh = True
                continue
            commit = Commit(
                commit_id=self._new_id(),
                at=now,
                causation_id=cause,
                traceparent=(_valid(traceparent) if _begins(known, events) else None) or known.span,
                events=events,
            )
            try:
                seq = await self._log.append(aggregate, commit, expected=known.seq)
            except Conflict:
                if known.seq == refused:
                    self._cache.pop(aggregate.subject)
                fresh, refused = True, known.seq
                continue
            except (NatsError, TimeoutError):
                self.sweep_wanted.set()
                raise
            after = Known(session, seq, known.span or _span(aggregate, commit), known.size + _size(commit))
            self._appended(aggregate, Recorded(seq, commit), known.seq, after.size)
            self._remember(aggregate, after)
            return Decided(after, events)

    def _remember(self, aggregate: Aggregate, known: Known) -> None:
        """Keep it as the newest.

        One that ended may be retried and cancelled again: it is kept where reading it anew takes its time.
        """
        if known.session.ended and not known.session.open and known.size < PAGE_BYTES:
            self._cache.pop(aggregate.subject)
        else:
            self._cache.put(aggregate.subject, known, known.size)


def _further(aggregate: Aggregate, known: Known, past: Past) -> Known:
    if not past.recorded:
        return known
    span = known.span or _span(aggregate, past.recorded[0].commit)
    size = known.size + sum(_size(recorded.commit) for recorded in past.recorded)
    return Known(fold(past.events, known.session), past.seq, span, size)


def _size(commit: Commit) -> int:
    """Encode it once more, which takes a microsecond: the log does not tell how long it was."""
    return len(commit.to_json())


def _span(aggregate: Aggregate, first: Commit) -> str:
    return telemetry.session_span(aggregate, first.traceparent)


def _begins(known: Known, events: tuple[AnyEvent, ...]) -> bool:
    return not known.seq or any(isinstance(event, SessionRetried) for event in events)


def _valid(traceparent: str | None) -> str | None:
    """Return it in its plain form: what may stand behind its flags is anybody's words."""
    context = trace_ids.parse(traceparent)
    return context.traceparent if context else None
