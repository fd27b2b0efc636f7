"""What becomes of the money that was set aside for an attempt: the rule, and its use."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from nats.errors import Error as NatsError

from orchestrator.evolve import fold as fold_session
from orchestrator.ledger import Closing, Doubt, Doubtful, Ledger, Release, Settle
from orchestrator.ledger import decide as decide_on_ledger
from orchestrator.ledgers import Ledgers
from orchestrator.session import Session
from shared.clock import Clock, utc_now
from shared.events import (
    AnyEvent,
    AttemptFailed,
    AttemptLost,
    AttemptReportedLate,
    AttemptStarted,
    StepCompleted,
)
from shared.ledger_events import MoneyReserved, MoneySettled
from shared.log import Behind, Log, Past
from shared.logs import get_logger
from shared.message import Unreadable
from shared.newest import Newest
from shared.subjects import Aggregate, run
from shared.usage import Usage

SILENT_FOR = timedelta(minutes=2)
AT_ONCE = 100
LOOKED_AT = 50_000


def settlement(event: AnyEvent) -> Closing | None:
    """Tell what one event of a session means for the money; most mean nothing."""
    match event:
        case StepCompleted() | AttemptFailed() | AttemptReportedLate():
            return _settle(event.attempt_id, event.usage)
        case AttemptLost():
            return Doubt(event.attempt_id)
        case _:
            return None


def _settle(attempt_id: UUID, used: Usage | None) -> Release | Settle | None:
    if used is None:
        return Release(attempt_id)
    return None if used.simulated else Settle(attempt_id, used.cost_usd, used.in_doubt_usd)


def overdue(attempt_id: UUID, past: Past, now: datetime) -> Closing | None:
    """Tell by the session's whole history what was not settled at once; nothing while it may still be.

    An attempt that was stopped reports on itself; if it does not for a while, its runner is gone. So it is
    taken to be where the last commit lies ahead: the clock has been put back since.
    """
    own = [event for event in past.events if getattr(event, "attempt_id", None) == attempt_id]
    if told := [found for event in own if (found := settlement(event)) is not None]:
        return told[-1]
    if attempt_id in fold_session(past.events).open:
        return None
    if past.recorded and abs(now - past.recorded[-1].commit.at) < SILENT_FOR:
        return None
    begun = any(isinstance(event, AttemptStarted) for event in own)
    return Doubt(attempt_id) if begun else Release(attempt_id)


class Settling:
    """What cannot be settled at once is settled by the sweep.

    A doubt may stay for days, and only a commit of its session can clear it up. So `_looked_at` remembers by
    attempt what the ledger had counted for it, and the session's last commit, when there was nothing to do:
    while both are the same its history is not read again.
    """

    def __init__(self, ledgers: Ledgers, log: Log, clock: Clock = utc_now) -> None:
        self._ledgers = ledgers
        self._log = log
        self._clock = clock
        self._looked_at = Newest[UUID, tuple[MoneySettled, UUID]](LOOKED_AT)

    async def follow(self, aggregate: Aggregate, events: Iterable[AnyEvent], session: Session) -> bool:
        """Settle what a commit tells of attempts of paid pools; tell whether nothing is left to the sweep."""
        whole = True
        for event in events:
            command = settlement(event)
            if command is None or aggregate.user is None or not _paid(event, session):
                continue
            try:
                await self._ledgers.do(aggregate.user, command, cause=str(command.attempt_id))
            except (NatsError, OSError, Behind) as outage:
                whole = False
                get_logger().warning(
                    "the sweep will settle",
                    subject=aggregate.subject,
                    attempt=str(command.attempt_id),
                    reason=type(outage).__name__,
                )
        return whole

    async def sweep(self, user: UUID) -> None:
        """Settle what is set aside for attempts that are over, and what a late report has cleared up.

        A session that cannot be read keeps no other one's money.
        """
        ledger = (await self._ledgers.load(user)).ledger
        await self._look_at_each(user, ledger.open.values(), ledger)
        doubtful = list(ledger.doubtful.values())
        for start in range(0, len(doubtful), AT_ONCE):
            changed = await self._changed(user, doubtful[start : start + AT_ONCE])
            await self._look_at_each(user, [one.reserved for one in changed], ledger)

    async def _changed(self, user: UUID, doubtful: Sequence[Doubtful]) -> list[Doubtful]:
        """Leave out those for which ledger and session are as they were when they were last looked at.

        Where the last commit of one cannot be read, none is left out.
        """
        try:
            lasts = await self._log.lasts([_run(user, one.reserved) for one in doubtful])
        except Unreadable:
            return list(doubtful)

        def is_as_it_was(one: Doubtful) -> bool:
            last = lasts.get(_run(user, one.reserved))
            told = one.settled, last and last.commit.commit_id
            return self._looked_at.get(one.settled.attempt_id) == told

        return [one for one in doubtful if not is_as_it_was(one)]

    async def _look_at_each(self, user: UUID, which: Iterable[MoneyReserved], ledger: Ledger) -> None:
        for reserved in which:
            try:
                await self._look_at(user, reserved, ledger)
            except Unreadable:
                whose = _run(user, reserved).subject
                get_logger().exception("money is not settled: its history cannot be read", subject=whose)

    async def _look_at(self, user: UUID, reserved: MoneyReserved, ledger: Ledger) -> None:
        past = await self._log.load(_run(user, reserved))
        command = overdue(reserved.attempt_id, past, self._clock())
        if command is None:
            return
        if decide_on_ledger(command, ledger):
            await self._ledgers.do(user, command, cause="sweep")
            return
        told = ledger.doubtful[reserved.attempt_id].settled, past.recorded[-1].commit.commit_id
        self._looked_at.put(reserved.attempt_id, told)


def _run(user: UUID, reserved: MoneyReserved) -> Aggregate:
    return run(user, reserved.noun, reserved.id)


def _paid(event: AnyEvent, session: Session) -> bool:
    step = getattr(event, "step", None)
    return isinstance(step, int) and session.step(step).pool != "custom"
