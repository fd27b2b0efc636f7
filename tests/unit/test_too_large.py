"""What no commit can hold: the next step's input is left out first, and only then the output."""

from typing import Any

import pytest
from msgspec.structs import replace

from controls import SESSION, USER, claim, failure, planned, report, start, usage
from orchestrator.asked import Cancel, Retry
from orchestrator.recording import record
from orchestrator.reports import Reports
from orchestrator.session import Session
from orchestrator.sessions import Sessions
from shared.events import AttemptFailed, AttemptReportedLate, SessionFailed, StepCompleted, StepFailed
from shared.json import MAX_DEPTH, check
from shared.log import MemoryLog
from shared.subjects import session

NOBODY: Any = None
LIMIT = 3_000
OF = session(USER, SESSION)


def sessions_with_room() -> tuple[Sessions, MemoryLog]:
    log = MemoryLog()
    return Sessions(log), log


async def reported(output: int, next_input: int) -> tuple[list[Any], Session]:
    """Report a paid step with an output of so many bytes; return the commit's events and the session."""
    sessions, log = sessions_with_room()
    steps = (planned(1), planned(2, input={"text": "x" * next_input}))
    await sessions.decide(OF, replace(start(2), steps=steps))
    log.max_payload = LIMIT
    paid = replace(report(1).report, output={"text": "y" * output}, usage=usage(2))
    _, decided = await Reports(sessions, NOBODY, NOBODY)._record(paid.to_json())
    return list(decided.events), decided.known.session


async def test_a_paid_step_is_completed_though_the_input_that_follows_is_too_large():
    (completed, failed, ended), session = await reported(output=1_000, next_input=LIMIT)
    assert isinstance(completed, StepCompleted)
    assert completed.usage == usage(2)
    assert isinstance(failed, StepFailed)
    assert (failed.step, failed.code) == (2, "input_too_large")
    assert failed.message.startswith("its input, and the output before it, make ")
    assert failed.message.endswith(f" bytes, the server takes {LIMIT}: hand on less")
    assert isinstance(ended, SessionFailed)
    assert session.status == "failed"


@pytest.mark.parametrize("next_input", [0, LIMIT])
async def test_an_output_that_is_too_large_fails_its_own_step_and_its_cost_is_kept(next_input: int):
    (failed, gave_up, _), _ = await reported(output=LIMIT, next_input=next_input)
    assert isinstance(failed, AttemptFailed)
    assert failed.usage == usage(2)
    assert (failed.error.code, failed.error.retryable) == ("output_too_large", False)
    assert (gave_up.step, gave_up.code) == (1, "output_too_large")


async def test_of_a_failed_attempt_what_it_had_so_far_is_left_out_where_it_is_too_large():
    sessions, log = sessions_with_room()
    await sessions.decide(OF, start(1))
    log.max_payload = LIMIT
    failed = replace(failure(1).report, partial={"text": "y" * LIMIT}, items=(0,), usage=usage(2))
    decided = await record(sessions, failed)
    (event, *_) = decided.events
    assert isinstance(event, AttemptFailed)
    assert (event.partial, event.items, event.usage) == (None, (), usage(2))


async def test_a_late_output_that_is_too_large_leaves_its_cost():
    sessions, log = sessions_with_room()
    for command in (start(1), claim(1), Cancel()):
        await sessions.decide(OF, command)
    log.max_payload = LIMIT
    late = replace(report(1).report, output={"text": "y" * LIMIT}, usage=usage(2))
    decided = await record(sessions, late)
    (event,) = decided.events
    assert isinstance(event, AttemptReportedLate)
    assert (event.output, event.usage) == (None, usage(2))


async def test_an_output_that_is_nested_as_deep_as_it_may_be_is_recorded():
    sessions, output = Sessions(MemoryLog()), {}
    for _ in range(MAX_DEPTH):
        output = {"o": output}
    check(output)
    await sessions.decide(OF, start(1))
    _, decided = await Reports(sessions, NOBODY, NOBODY)._record(
        replace(report(1).report, output=output).to_json()
    )
    assert decided.known.session.status == "completed"


async def test_a_retry_sends_such_an_input_alone():
    sessions, log = sessions_with_room()
    steps = (planned(1), planned(2, input={"text": "{{step1.text}}"}))
    await sessions.decide(OF, replace(start(2), steps=steps))
    log.max_payload = LIMIT
    done = replace(report(1).report, output={"text": "y" * (LIMIT // 2)})
    _, decided = await Reports(sessions, NOBODY, NOBODY)._record(done.to_json())
    assert decided.known.session.status == "failed"
    again = await sessions.decide(OF, Retry(2, decided.known.session.steps[1:]))
    assert [event.type for event in again.events] == ["SessionRetried", "AttemptRequested"]


async def test_what_has_room_is_asked_for():
    events, session = await reported(output=100, next_input=100)
    assert [event.type for event in events] == ["StepCompleted", "AttemptRequested"]
    assert session.status == "running"
