"""Sessions, and skills that run alone, as rows."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from projector.attempts import Attempts
from projector.changes import (
    SPREADS,
    Add,
    Alter,
    Cancel,
    Change,
    CloseAlone,
    Doubt,
    Ensure,
    Remove,
    Row,
    Skip,
)
from projector.steps import planned, saved, started, step_row
from shared.events import (
    ENDED,
    AnyEvent,
    AttemptDeferred,
    AttemptFailed,
    AttemptLost,
    AttemptReportedLate,
    AttemptRequested,
    AttemptStarted,
    AttemptStopped,
    AttemptWithdrawn,
    Budget,
    ModelCalled,
    RetryScheduled,
    SessionBudgetSet,
    SessionCancelled,
    SessionCompleted,
    SessionFailed,
    SessionRefused,
    SessionRetried,
    SessionStarted,
    SessionWaiting,
    StepCompleted,
    StepFailed,
    StepHandedOff,
)
from shared.log import Recorded
from shared.subjects import Aggregate
from shared.trace_ids import trace_id

BEGUN = frozenset({SessionStarted, SessionRetried})
NEVER_RUN = ("completed_at", "failed_step", "error_code", "error_message", "final_output", "waiting_on")


def run_changes(aggregate: Aggregate, recorded: Recorded) -> list[Change]:
    """Tell what changes for a session, its steps and attempts; what spreads over other rows comes last."""
    id_ = aggregate.uuid
    attempts = Attempts(aggregate, id_, recorded)
    session = _Session(aggregate, id_, recorded) if aggregate.noun == "session" else None
    found: list[Change] = []
    for event in recorded.commit.events:
        found += _of_life(aggregate, event)
        if session is not None:
            found += session.changes(event)
        elif isinstance(event, SessionCancelled):
            found.append(CloseAlone(id_, _user(aggregate), recorded.commit.at))
        found += attempts.changes(event)
    if session is not None:
        found.append(session.altered())
    spread = [change for change in found if type(change) in SPREADS]
    if spread:
        found = [change for change in found if type(change) not in SPREADS] + spread
    if session is not None and any(_bears_on_doubt(event) for event in recorded.commit.events):
        found.append(Doubt(Row("agent_sessions", id_, aggregate.user)))
    return found


def _bears_on_doubt(event: AnyEvent) -> bool:
    """Whether an attempt ended that may have cost money, or one that was lost has reported.

    Of one that was lost and succeeds though no model answered it, its calls tell.
    """
    match event:
        case AttemptLost() | AttemptWithdrawn() | AttemptReportedLate() | SessionCancelled():
            return True
        case StepCompleted() | AttemptFailed():
            return event.usage is not None and not event.usage.simulated
        case ModelCalled():
            return event.usage is None
        case _:
            return False


def _of_life(aggregate: Aggregate, event: AnyEvent) -> tuple[Change, ...]:
    """Put a session or skill that begins into `outstanding`, and take out one that ends."""
    if type(event) in BEGUN:
        return (outstanding(aggregate),)
    if type(event) in ENDED:
        return (Remove(Row("outstanding", aggregate.subject)),)
    return ()


def outstanding(aggregate: Aggregate) -> Ensure:
    """Tell whoever looks after open work that this session or skill has not ended."""
    values = {"noun": aggregate.noun, "id": aggregate.uuid, "user_id": aggregate.user}
    return Ensure(Row("outstanding", aggregate.subject), values)


class _Session:
    """The row in `agent_sessions` and those of its steps.

    `waiting_on` is `work` while an attempt is asked for, `provider` while it stays in its queue because its
    model takes no call, `timer` until a retry is due, `budget` until there is money, `in_doubt` until
    somebody says whether to call again.
    """

    def __init__(self, aggregate: Aggregate, id_: UUID, recorded: Recorded) -> None:
        self._aggregate = aggregate
        self._commit = recorded.commit
        self._id = id_
        self._row = Row("agent_sessions", self._id, aggregate.user)
        self._values: dict[str, Any] = {"last_seq": recorded.seq}

    def altered(self) -> Alter:
        """Tell what the events have changed in the session's own row."""
        return Alter(self._row, self._values)

    def changes(self, event: AnyEvent) -> Iterator[Change]:
        """Tell what an event changes in other rows, or adds; the most frequent events come first."""
        at = self._commit.at
        match event:
            case AttemptRequested():
                first = {"started_at": at} if self._has(SessionStarted) else {}
                self._values.update(status="running", waiting_on="work", **first)
                yield Alter(
                    self._step(event.step), started(event, None if len(self._commit.events) == 1 else at)
                )
            case StepCompleted():
                self._values.update(current_step=event.step, waiting_on=None)
                values = {
                    "status": "completed",
                    "output": event.output,
                    "completed_at": at,
                    "duration_ms": event.duration_ms,
                    "warnings": list(event.warnings) or None,
                    "error_code": None,
                    "error_message": None,
                    **saved(event.cached),
                }
                yield Alter(self._step(event.step), values)
            case SessionStarted():
                new = self._new(event.agent, event.input) | _limit(event.budget)
                yield Add(self._row, new | {"total_steps": len(event.steps)})
                for plan in event.steps:
                    values = planned(plan) | {
                        "session_id": self._id,
                        "step_number": plan.number,
                        "skill_name": plan.skill,
                    }
                    yield Add(self._step(plan.number), values)
            case SessionCompleted():
                self._end("completed", final_output=self._last_output())
            case SessionRefused():
                yield Add(self._row, self._new(event.agent, {}))
                self._end("failed", error_code=event.code, error_message=event.message)
            case AttemptFailed():
                values = {"error_code": event.error.code, "error_message": event.error.message}
                yield Alter(self._step(event.step), values | {"duration_ms": event.duration_ms})
            case AttemptStarted() | AttemptDeferred() | RetryScheduled() | SessionWaiting():
                self._values.update(waiting_on=_waits_on(event))
            case SessionBudgetSet():
                self._values.update(**_limit(event.budget))
            case StepFailed():
                values = {
                    "status": "failed",
                    "output": event.partial,
                    "completed_at": at,
                    "error_code": event.code,
                    "error_message": event.message,
                }
                yield Alter(self._step(event.step), values)
            case SessionFailed():
                why = {"error_code": event.code, "error_message": event.message}
                self._end("failed", failed_step=event.step, **why)
                yield Skip(self._row)
            case SessionCancelled():
                yield Ensure(self._row, self._new(None, {}))
                self._end("cancelled", error_code="cancelled", error_message=event.reason)
                yield Cancel(self._row, at)
            case SessionRetried():
                again = dict.fromkeys(NEVER_RUN)
                self._values.update(**again, status="running", current_step=event.from_step - 1)
                for plan in event.steps:
                    yield Alter(self._step(plan.number), planned(plan))
            case (
                StepHandedOff()
                | AttemptStopped()
                | AttemptLost()
                | AttemptWithdrawn()
                | ModelCalled()
                | AttemptReportedLate()
            ):
                pass
            case _:
                raise ValueError(f"{event.type} is no event of a session")

    def _new(self, agent: str | None, input_: dict[str, Any]) -> dict[str, Any]:
        return {
            "agent_name": agent or "",
            "user_id": self._aggregate.user,
            "initial_input": input_,
            "created_at": self._commit.at,
            "trace_id": trace_id(self._aggregate, self._commit.traceparent),
        }

    def _end(self, status: str, **values: Any) -> None:
        self._values.update(status=status, completed_at=self._commit.at, waiting_on=None, **values)

    def _step(self, number: int) -> Row:
        return step_row(self._id, self._aggregate.user, number)

    def _has(self, kind: type[AnyEvent]) -> bool:
        return any(isinstance(event, kind) for event in self._commit.events)

    def _last_output(self) -> Any:
        """Return what the step yielded that completed the session: both are one decision."""
        return next((e.output for e in reversed(self._commit.events) if isinstance(e, StepCompleted)), None)


def _waits_on(event: AttemptStarted | AttemptDeferred | RetryScheduled | SessionWaiting) -> str:
    match event:
        case AttemptStarted():
            return "work"
        case AttemptDeferred():
            return "provider"
        case RetryScheduled():
            return "timer"
        case SessionWaiting():
            return event.on


def _limit(budget: Budget | None) -> dict[str, Any]:
    return {"budget_usd": budget.limit_usd, "budget_policy": budget.policy} if budget else {}


def _user(aggregate: Aggregate) -> UUID:
    if aggregate.user is None:
        raise ValueError("a run belongs to a user")
    return aggregate.user
