"""Attempts and their calls of models as rows, and what they used in the totals of step and session."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from projector.changes import Add, Alter, Change, File, FileAgain, Row
from projector.row_ids import model_call_id
from projector.steps import saved, step_row
from shared.events import (
    AnyEvent,
    AttemptError,
    AttemptFailed,
    AttemptLost,
    AttemptReportedLate,
    AttemptRequested,
    AttemptStarted,
    AttemptStopped,
    AttemptWithdrawn,
    ModelCalled,
    SessionRefused,
    SessionStarted,
    StepCompleted,
)
from shared.log import Recorded
from shared.subjects import Aggregate
from shared.usage import Usage

Report = StepCompleted | AttemptFailed | AttemptReportedLate
CALL = ("item", "number", "purpose", "provider", "model", "outcome", "in_doubt_usd")
USED = (
    *("input_tokens", "output_tokens", "cached_tokens", "cost_usd"),
    *("list_price_usd", "price_version", "simulated"),
)


class Attempts:
    """The attempts of one commit; a report is in the log once, so its cost is counted once."""

    def __init__(self, aggregate: Aggregate, id_: UUID, recorded: Recorded) -> None:
        self._user = aggregate.user
        self._commit = recorded.commit
        self._id = id_
        self._alone = aggregate.noun == "execution"

    def changes(self, event: AnyEvent) -> Iterator[Change]:
        match event:
            case AttemptRequested():
                yield from self._requested(event)
            case StepCompleted():
                key = {"cache_key": event.cache_key} if event.cache_key else {}
                ended = self._ended(None, event.output)
                yield from self._reported(event, ended | key | saved(event.cached))
            case AttemptStarted():
                most = {"in_doubt_usd": event.reserved_usd or None}
                yield Alter(self._row(event.attempt_id), {"runner": event.runner} | most)
            case AttemptStopped():
                code = "unknown_price" if event.asked_usd is None else "budget_exceeded"
                message = f"the budget of the {event.scope} forbids it"
                yield self._given_up(event.attempt_id, code, message, **_used(None))
            case AttemptLost():
                yield self._given_up(event.attempt_id, "lost", "its skill-runner was not heard of again")
            case AttemptWithdrawn():
                yield self._given_up(event.attempt_id, "withdrawn", "another attempt was faster")
            case ModelCalled():
                yield self._called(event)
            case AttemptFailed():
                yield from self._reported(event, self._ended(event.error, event.partial))
            case AttemptReportedLate():
                yield from self._reported(event, {} if event.output is None else {"output": event.output})
            case SessionRefused() if self._alone:
                error = {"status": "error", "error_code": event.code, "error_message": event.message}
                ended = {"completed_at": self._commit.at, **_used(None)}
                yield Add(self._row(self._id), self._new({}) | error | ended)
            case _:
                pass

    def _requested(self, event: AttemptRequested) -> Iterator[Change]:
        row = self._row(event.attempt_id)
        values = {"skill_name": event.skill, "step_number": event.step, "attempt": event.attempt}
        yield Add(row, self._new(event.input) | values)
        if self._alone:
            begun = [one for one in self._commit.events if isinstance(one, SessionStarted)]
            if not begun:
                yield FileAgain(row, self._id)
            elif (session_id := begun[0].beside_session) is not None:
                yield File(row, Aggregate(self._user, "session", str(session_id)))

    def _reported(self, event: Report, outcome: dict[str, Any]) -> Iterator[Change]:
        measured = {
            "started_at": self._begun(event.started_at),
            "duration_ms": event.duration_ms,
            "warnings": list(event.warnings) or None,
        }
        yield Alter(self._row(event.attempt_id), outcome | measured | _used(event.usage))
        usage = event.usage
        if self._alone or usage is None:
            return
        amounts = {
            "tokens_used": usage.tokens,
            "cost_usd": usage.cost_usd or 0,
            "list_price_usd": usage.list_price_usd or 0,
        }
        amounts |= {"unpriced_calls": usage.calls} if usage.cost_usd is None else {}
        simulated = {"simulated": True} if usage.simulated else {}
        yield Alter(step_row(self._id, self._user, event.step), simulated, amounts)
        late = {"late_usd": usage.at_most_usd} if isinstance(event, AttemptReportedLate) else {}
        yield Alter(Row("agent_sessions", self._id, self._user), simulated, amounts | late)

    def _called(self, event: ModelCalled) -> Change:
        row = Row("model_calls", model_call_id(event.attempt_id, event.item, event.number), self._user)
        told = {
            "user_id": self._user,
            "attempt_id": event.attempt_id,
            "agent_session_id": None if self._alone else self._id,
            "execution_id": self._id if self._alone else None,
            "step_number": event.step,
            "failed_checks": list(event.failed_checks),
            "started_at": self._begun(event.started_at),
            "duration_ms": event.duration_ms,
        }
        said = {name: getattr(event, name) for name in CALL}
        used = {} if event.usage is None else {name: getattr(event.usage, name) for name in USED}
        return Add(row, told | said | used)

    def _begun(self, told: datetime) -> datetime:
        """Return when it began by the runner's clock, which may be ahead: not after it is in the log."""
        return min(told, self._commit.at)

    def _ended(self, error: AttemptError | None, output: Any) -> dict[str, Any]:
        return {
            "status": "error" if error else "success",
            "error_code": error.code if error else None,
            "error_message": error.message if error else None,
            "output": output,
            "partial": error is not None and output is not None,
            "completed_at": self._commit.at,
        }

    def _given_up(self, attempt_id: UUID, code: str, message: str, **used: Any) -> Alter:
        error = {"status": "error", "error_code": code, "error_message": message}
        return Alter(self._row(attempt_id), error | {"completed_at": self._commit.at} | used)

    def _new(self, input_: dict[str, Any]) -> dict[str, Any]:
        return {
            "input": input_,
            "user_id": self._user,
            "agent_session_id": None if self._alone else self._id,
            "execution_id": self._id if self._alone else None,
            "started_at": self._commit.at,
        }

    def _row(self, attempt_id: UUID) -> Row:
        return Row("skill_executions", attempt_id, self._user)


def _used(usage: Usage | None) -> dict[str, Any]:
    """Return the columns of what was used; a report without usage says that nothing was."""
    if usage is None:
        return {"tokens_used": 0, "cost_usd": 0, "in_doubt_usd": None}
    named = {name: getattr(usage, name) for name in ("provider", "model", *USED)}
    return {"tokens_used": usage.tokens, "in_doubt_usd": usage.in_doubt_usd or None, **named}
