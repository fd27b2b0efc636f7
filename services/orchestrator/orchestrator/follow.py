"""What a commit sets in motion: work dispatched, timers set, stopped attempts told."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError
from nats.js.errors import APIError

from orchestrator.asked import ExpireLease, WakeUp
from orchestrator.passed_over import Floors, floor
from orchestrator.queued import is_reported, queued_report
from orchestrator.recording import record
from orchestrator.session import Session, done, outstanding
from orchestrator.sessions import Decided, Known, Sessions
from orchestrator.settling import Settling
from orchestrator.shares import MOST, Shares
from orchestrator.timers import Timers
from shared import trace_ids
from shared.bus import Bus
from shared.events import (
    AttemptLost,
    AttemptRequested,
    AttemptStarted,
    AttemptWithdrawn,
    RetryScheduled,
    SessionCancelled,
)
from shared.jetstream_log import CONFLICTS, EXPECTED, HEADER_ROOM, kept_out_by
from shared.json import dumps
from shared.logs import get_logger
from shared.subjects import Aggregate, Pool, Run, stop, work
from shared.work import Report, Work

HEARING_S = 0.1
NO_FLOORS: Floors = {}


class Follow:
    """Everything here may be lost and done again: the log is the truth, the sweep repeats it."""

    def __init__(
        self,
        bus: Bus,
        sessions: Sessions,
        settling: Settling,
        timers: Timers,
        *,
        lease_s: float,
        most: Mapping[Pool, int] = MOST,
    ) -> None:
        self._bus = bus
        self._sessions = sessions
        self.settling = settling
        self._timers = timers
        self._lease_s = lease_s
        self.shares = Shares(most)
        self._leases: dict[UUID, Aggregate] = {}
        self.sweep_wanted = sessions.sweep_wanted

    async def decided(self, aggregate: Aggregate, decided: Decided) -> None:
        """Dispatch what the commit opened and stop what it closed."""
        session = decided.known.session
        self._forget(session)
        for event in decided.events:
            match event:
                case AttemptRequested():
                    if self.shares.admits(aggregate, event):
                        await self._publish(aggregate, decided.known, event)
                case AttemptStarted():
                    self._set_lease(aggregate, event.attempt_id)
                case RetryScheduled():
                    self._set_retry(aggregate, event.due)
                case AttemptWithdrawn():
                    await self._stop(aggregate, attempts=[str(event.attempt_id)])
                case SessionCancelled():
                    await self._stop(aggregate, seq=decided.known.seq)
                case _:
                    pass
        if not await self.settling.follow(aggregate, decided.events, decided.known.session):
            self.look_again()

    async def outstanding(self, aggregate: Aggregate, done_up_to: Floors = NO_FLOORS) -> Known:
        """Dispatch and set again all that the session waits for; what is there already stays as it is.

        `done_up_to` is the sequence up to which each pool's queue counted all as done before the session was
        looked at. Work up to there that was passed over is put into the queue anew.

        Raises what keeps all work out of the queue: another session's would fare no better.
        """
        known = await self._sessions.load(aggregate, fresh=True)
        waiting = outstanding(known.session)
        for timer in waiting.timers:
            if timer.attempt_id is None:
                self._set_retry(aggregate, timer.at)
            elif timer.attempt_id not in self._leases:
                self._set_lease(aggregate, timer.attempt_id)
        for asked in waiting.work:
            seq = await self._put(aggregate, known, asked) if self.shares.admits(aggregate, asked) else 0
            while 0 < seq <= done_up_to.get(asked.pool, 0) and await self._is_passed_over(
                aggregate, asked, seq
            ):
                get_logger().warning("work was passed over", **_named(aggregate, asked.attempt_id), seq=seq)
                seq = await self._put(aggregate, known, asked, after=seq)
        return known

    def look_again(self) -> None:
        """Have the sweep run soon."""
        self.sweep_wanted.set()

    async def record_queued(self, aggregate: Aggregate, attempt_id: UUID) -> None:
        """Record what a runner has queued about its attempt."""
        await self._record(aggregate, await queued_report(self._bus, attempt_id))

    def beat(self, attempt_id: UUID) -> None:
        """A runner is alive: its lease runs anew."""
        if (aggregate := self._leases.get(attempt_id)) is not None:
            self._set_lease(aggregate, attempt_id)

    async def renew_all(self) -> None:
        """After an outage of the bus nobody could be heard: every lease runs anew."""
        for attempt_id in list(self._leases):
            self.beat(attempt_id)

    def _forget(self, session: Session) -> None:
        for attempt_id in session.known & self._leases.keys() if self._leases else ():
            if attempt_id not in session.open:
                self._timers.clear(attempt_id)
                del self._leases[attempt_id]
        self.shares.over(session.known - session.open.keys())

    def _set_retry(self, aggregate: Aggregate, due: datetime) -> None:
        self._timers.keep((aggregate.subject, due), due, lambda: self._wake(aggregate, due))

    def _set_lease(self, aggregate: Aggregate, attempt_id: UUID) -> None:
        """Let it run from now on: an append may have taken long."""
        self._leases[attempt_id] = aggregate
        self._timers.set_in(attempt_id, self._lease_s, lambda: self._expire(aggregate, attempt_id))

    async def _wake(self, aggregate: Aggregate, due: datetime) -> None:
        decided = await self._sessions.decide(aggregate, WakeUp(due), cause="timer")
        await self.decided(aggregate, decided)

    async def _expire(self, aggregate: Aggregate, attempt_id: UUID) -> None:
        """End the lease of a runner that fell silent, once all that it may have said was heard.

        A report that it queued is recorded first; then nothing is lost. Heartbeats that came while this
        process stood still are read before NATS' answer about the report: they have set the timer again.
        """
        report = await queued_report(self._bus, attempt_id)
        await asyncio.sleep(HEARING_S)
        if self._timers.is_set(attempt_id):
            return
        await self._record(aggregate, report)
        decided = await self._sessions.decide(aggregate, ExpireLease(attempt_id), cause=str(attempt_id))
        self._leases.pop(attempt_id, None)
        if any(isinstance(event, AttemptLost) for event in decided.events):
            get_logger().warning("a runner fell silent, its attempt is lost", **_named(aggregate, attempt_id))
        await self.decided(aggregate, decided)

    async def _record(self, aggregate: Aggregate, report: Report | None) -> None:
        if report is not None:
            await self.decided(aggregate, await record(self._sessions, report))

    async def _is_passed_over(self, aggregate: Aggregate, asked: AttemptRequested, seq: int) -> bool:
        """Tell whether its queue counts the work as done, and nobody has begun or reported on it after that.

        The queue is asked anew: NATS may have been started again since, and numbers be given once more.
        """
        if seq > await floor(self._bus, asked.pool):
            return False
        if await is_reported(self._bus, asked.attempt_id):
            return False
        known = await self._sessions.load(aggregate, fresh=True)
        return known.session.unclaimed(asked.attempt_id) is not None

    async def dispatch_kept(self, aggregate: Aggregate, attempt_id: UUID) -> None:
        """Dispatch what was kept back, if it is waited for still."""
        try:
            known = await self._sessions.load(aggregate)
        except (NatsError, TimeoutError) as error:
            self._lost(aggregate, attempt_id, error)
            return
        except Exception:  # noqa: BLE001 - it is one history's own
            get_logger().exception("a history is not looked after", subject=aggregate.subject)
            return
        if (attempt := known.session.open.get(attempt_id)) is not None:
            await self._publish(aggregate, known, attempt.asked)

    async def _publish(self, aggregate: Aggregate, known: Known, asked: AttemptRequested) -> None:
        """Put an attempt's work into the queue, or have the sweep do it."""
        try:
            await self._put(aggregate, known, asked)
        except (NatsError, TimeoutError) as error:
            self._lost(aggregate, asked.attempt_id, error)

    async def _put(
        self, aggregate: Aggregate, known: Known, asked: AttemptRequested, *, after: int = 0
    ) -> int:
        """Put work into the queue, unless there is some of another sequence than `after` for the attempt.

        Returns the sequence of what is there then, 0 where NATS takes none of that size. What an earlier
        attempt has paid for goes along where there is room.
        """
        if aggregate.user is None or known.span is None:
            raise ValueError("only what a user has begun is dispatched")
        told = Work(
            user=aggregate.user,
            noun=run_of(aggregate),
            id=aggregate.uuid,
            step=asked.step,
            attempt=asked.attempt,
            attempt_id=asked.attempt_id,
            skill=asked.skill,
            skill_hash=asked.skill_hash,
            pool=asked.pool,
            input=asked.input,
            timeout_s=asked.timeout_s,
            seq=known.seq,
            log_seq=known.seq,
            fresh=asked.fresh,
            done=done(known.session, asked),
            traceparent=trace_ids.attempt_parent(known.span, asked.attempt_id),
        )
        body = told.to_json()
        if told.done is not None and len(body) + HEADER_ROOM > self._bus.max_payload:
            body = replace(told, done=None).to_json()
        subject = work(asked.pool, asked.skill, asked.attempt_id)
        try:
            return (await self._bus.publish(subject, body, headers={EXPECTED: str(after)})).seq
        except APIError as error:
            if error.err_code not in CONFLICTS:
                raise
            return kept_out_by(error)
        except MaxPayloadError as error:
            self._lost(aggregate, asked.attempt_id, error)
            return 0

    async def _stop(self, aggregate: Aggregate, **which: list[str] | int) -> None:
        """Say whose work is to stop: the `attempts` named, or all that was asked for before commit `seq`."""
        whose = {"user": str(aggregate.user), "noun": aggregate.noun}
        await self._bus.tell(stop(aggregate.id), dumps(whose | which))

    def _lost(self, aggregate: Aggregate, attempt_id: UUID, error: Exception) -> None:
        self.look_again()
        get_logger().warning(
            "the sweep will dispatch", **_named(aggregate, attempt_id), reason=type(error).__name__
        )


def run_of(aggregate: Aggregate) -> Run:
    if aggregate.noun not in ("session", "execution"):
        raise ValueError("only sessions and executions have work")
    return aggregate.noun


def _named(aggregate: Aggregate, attempt_id: UUID) -> dict[str, str]:
    """Return what a line says of an attempt: who looks for a session knows no attempt."""
    return {"subject": aggregate.subject, "attempt": str(attempt_id)}
