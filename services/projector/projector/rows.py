"""A commit in, changes out: stateless, so that any history gives the same rows at any time."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from projector import attempts, records
from projector.changes import (
    EXECUTIONS,
    SESSIONS,
    STEPS,
    Add,
    Alter,
    Change,
    Close,
    Remove,
    Reopen,
    step_row_id,
)
from shared import telemetry
from shared.events import (
    AnyEvent,
    AttemptRequested,
    PlannedStep,
    RetryScheduled,
    SessionCancelled,
    SessionCompleted,
    SessionFailed,
    SessionRefused,
    SessionRetried,
    SessionStarted,
    StepFailed,
    StepHandedOff,
)
from shared.log import Recorded
from shared.subjects import Aggregate

Json = dict[str, Any]
NO_ERROR: Json = {"error_code": None, "error_message": None}
NOT_ENDED: Json = dict.fromkeys(("completed_at", "duration_ms", "failed_step", "final_output")) | NO_ERROR


def changes(aggregate: Aggregate, recorded: Recorded) -> list[Change]:
    """Return what the commit changes, in order."""
    at = recorded.commit.at
    found: list[Change] = []
    for event in recorded.commit.events:
        match aggregate.noun:
            case "skill":
                found += records.skill(aggregate.id, event, at)
            case "agent":
                found += records.agent(event, at)
            case "contact":
                found += records.contact(aggregate, event, at, recorded.seq)
            case "session" | "execution":
                found += _run(aggregate, event, at, recorded)
    if aggregate.noun == "session":
        found.append(Alter(SESSIONS, UUID(aggregate.id), {"last_seq": recorded.seq}))
    return found


def _run(aggregate: Aggregate, event: AnyEvent, at: datetime, recorded: Recorded) -> Iterator[Change]:
    id_ = UUID(aggregate.id)
    session = id_ if aggregate.noun == "session" else None
    match event:
        case SessionStarted():
            yield Add("outstanding", (aggregate.noun, id_), {"user_id": aggregate.user})
            if session is not None:
                yield _session(aggregate, recorded, event.agent or "", event.input, len(event.steps))
                for step in event.steps:
                    yield _step(session, step)
        case SessionRefused():
            if session is not None:
                yield _session(aggregate, recorded, event.agent or "", {}, 0)
                yield Alter(
                    SESSIONS,
                    session,
                    {
                        "status": "failed",
                        "error_code": event.code,
                        "error_message": event.message,
                        "completed_at": at,
                        "duration_ms": 0,
                    },
                )
        case AttemptRequested():
            yield Add(EXECUTIONS, event.attempt_id, _execution(aggregate, event, at, recorded))
            if session is not None:
                yield Alter(
                    STEPS,
                    step_row_id(session, event.step),
                    {
                        "status": "running",
                        "input": event.input,
                        "started_at": at,
                        "error_code": None,
                        "error_message": None,
                    },
                    {"attempts": 1},
                )
                running = {"status": "running", "waiting_on": "work"}
                first = {"started_at": at} if event.step == 1 and event.attempt == 1 else {}
                yield Alter(SESSIONS, session, running | first)
        case RetryScheduled() if session is not None:
            yield Alter(SESSIONS, session, {"waiting_on": "timer"})
        case StepFailed() if session is not None:
            failed = {
                "status": "failed",
                "output": event.partial,
                "error_code": event.code,
                "error_message": event.message,
                "completed_at": at,
            }
            yield Alter(STEPS, step_row_id(session, event.step), failed)
        case SessionCompleted():
            yield from _end(aggregate, "completed", at)
        case SessionFailed():
            why: Json = {"failed_step": event.step, "error_code": event.code, "error_message": event.message}
            yield from _end(aggregate, "failed", at, **why)
        case SessionCancelled():
            if session is not None:
                yield _session(aggregate, recorded, "", {}, 0)
            yield from _end(aggregate, "cancelled", at, error_message=event.reason)
        case SessionRetried():
            yield Add("outstanding", (aggregate.noun, id_), {"user_id": aggregate.user})
            if session is not None:
                yield Reopen(session, event.from_step)
                again = dict.fromkeys(
                    (
                        "completed_at",
                        "duration_ms",
                        "failed_step",
                        "error_code",
                        "error_message",
                        "final_output",
                    )
                )
                yield Alter(
                    SESSIONS, session, again | {"status": "running", "current_step": event.from_step - 1}
                )
        case StepHandedOff() | RetryScheduled() | StepFailed():
            pass
        case _:
            yield from attempts.changes(aggregate, event, at)


def _session(aggregate: Aggregate, recorded: Recorded, agent: str, input_: dict[str, Any], steps: int) -> Add:
    values = {
        "user_id": aggregate.user,
        "agent_name": agent,
        "initial_input": input_,
        "status": "pending",
        "total_steps": steps,
        "created_at": recorded.commit.at,
        "trace_id": telemetry.trace_id(aggregate, recorded.commit.traceparent),
    }
    return Add(SESSIONS, UUID(aggregate.id), values)


def _step(session: UUID, step: PlannedStep) -> Add:
    values = {
        "session_id": session,
        "step_number": step.number,
        "skill_name": step.skill,
        "description": step.description,
        "input": step.input,
        "status": "pending",
        "step_id": step.id,
        "agent_name": step.agent,
    }
    return Add(STEPS, step_row_id(session, step.number), values)


def _execution(
    aggregate: Aggregate, event: AttemptRequested, at: datetime, recorded: Recorded
) -> dict[str, Any]:
    alone = aggregate.noun == "execution"
    started = [one for one in recorded.commit.events if isinstance(one, SessionStarted)]
    beside = started[0].beside_session if alone and started else None
    return {
        "skill_name": event.skill,
        "input": event.input,
        "agent_session_id": beside if alone else UUID(aggregate.id),
        "user_id": aggregate.user,
        "started_at": at,
        "step_number": event.step,
        "attempt": event.attempt,
        "execution_id": UUID(aggregate.id) if alone else None,
    }


def _end(aggregate: Aggregate, status: str, at: datetime, **why: Any) -> Iterator[Change]:
    id_ = UUID(aggregate.id)
    yield Remove("outstanding", (aggregate.noun, id_))
    if aggregate.noun == "session":
        yield Alter(SESSIONS, id_, {"status": status, "waiting_on": None, "completed_at": at, **why})
        yield Close(id_, status)
