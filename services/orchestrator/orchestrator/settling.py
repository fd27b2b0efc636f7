"""What becomes of the money that was set aside for an attempt: the rule, and its use."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from nats.errors import Error as NatsError

from orchestrator.evolve import fold
from orchestrator.ledger import Closing, Doubt, Release, Settle, decide
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
from shared.log import Log, Past
from shared.logs import get_logger
from shared.subjects import Aggregate, run
from shared.usage import Usage

SILENT_FOR = timedelta(minutes=2)


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

    An attempt that was stopped reports on itself; if it does not for a while, its runner is gone.
    """
    own = [event for event in past.events if getattr(event, "attempt_id", None) == attempt_id]
    if told := [found for event in own if (found := settlement(event)) is not None]:
        return told[-1]
    if attempt_id in fold(past.events).open:
        return None
    if past.recorded and now - past.recorded[-1].commit.at < SILENT_FOR:
        return None
    begun = any(isinstance(event, AttemptStarted) for event in own)
    return Doubt(attempt_id) if begun else Release(attempt_id)


class Settling:
    """What cannot be settled at once is settled by the sweep."""

    def __init__(self, ledgers: Ledgers, log: Log, clock: Clock = utc_now) -> None:
        self._ledgers = ledgers
        self._log = log
        self._clock = clock

    async def follow(self, aggregate: Aggregate, events: Iterable[AnyEvent], session: Session) -> bool:
        """Settle what a commit tells of attempts of paid pools; tell whether nothing is left to the sweep."""
        whole = True
        for event in events:
            command = settlement(event)
            if command is None or aggregate.user is None or not _paid(event, session):
                continue
            try:
                await self._ledgers.do(aggregate.user, command, cause=str(command.attempt_id))
            except (NatsError, OSError) as outage:
                whole = False
                get_logger().warning(
                    "the sweep will settle", attempt=str(command.attempt_id), reason=type(outage).__name__
                )
        return whole

    async def sweep(self, user: UUID) -> None:
        """Settle what is set aside for attempts that are over, and what a late report has cleared up."""
        ledger = (await self._ledgers.load(user)).ledger
        doubtful = [one.reserved for one in ledger.doubtful.values()]
        for reserved in [*ledger.open.values(), *doubtful]:
            past = await self._log.load(run(user, reserved.noun, reserved.id))
            command = overdue(reserved.attempt_id, past, self._clock())
            if command is not None and decide(command, ledger):
                await self._ledgers.do(user, command, cause="sweep")


def _paid(event: AnyEvent, session: Session) -> bool:
    step = getattr(event, "step", None)
    return isinstance(step, int) and session.step(step).pool != "custom"
