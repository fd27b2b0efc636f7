"""What goes wrong is in the log as the specification says: the error, what was there by then, a way on."""

from uuid import UUID, uuid4

import pytest

from seedblocks import call
from shared.refusal import Refusal
from totalaud import execute_skill, get_agent_session, get_execution_trace, run_agent_workflow
from totalaud.errors import SkillFailed, WorkflowFailed

ALONE = "SELECT * FROM skill_executions WHERE execution_id = $1::uuid"
COUNT = {"skill": "count", "input": {"numbers": [1, 2]}}
STOPS = {"skill": "fail-partly", "input": {"until": 2}}


@pytest.fixture(scope="module")
async def failed(user) -> WorkflowFailed:
    with pytest.raises(WorkflowFailed) as failure:
        await call(
            "workflow-error.ts", agentName="tester-agent", userId=user.user, steps=[COUNT, STOPS, COUNT]
        )
    return failure.value


async def test_a_failed_skill_is_logged_with_its_error_and_partial_results(user):
    with pytest.raises(SkillFailed) as failure:
        await execute_skill("fail-partly", {"until": 3}, user.user)
    await user.tables.caught_up(failure.value.seq)
    row = await user.tables.row(ALONE, UUID(failure.value.execution_id))
    assert (row["status"], row["partial"], row["output"]) == ("error", True, {"numbers": [1, 2, 3]})
    assert row["error_message"] == failure.value.message != ""


async def test_the_call_of_the_specification_with_a_wrong_input_is_refused_before_it_runs(user, bound):
    given = {"query": bound["query"], "type": "radio", "genres": "not a list"}
    with pytest.raises(Refusal) as refused:
        await call("skill-error.ts", input=given, userId=user.user)
    assert (refused.value.code, refused.value.field) == ("invalid", "input.genres")


async def test_a_failed_skill_beside_a_session_is_in_its_trace_at_once(user):
    session = await run_agent_workflow("tester-agent", user.user, [COUNT])
    with pytest.raises(SkillFailed):
        await execute_skill("fail-partly", {"until": 1}, user.user, session.session_id)
    trace = await get_execution_trace(session.session_id)
    assert [(row.skill_name, row.status) for row in trace] == [("count", "success"), ("fail-partly", "error")]


async def test_a_failed_workflow_is_marked_as_failed_and_its_step_identified(failed):
    session = await get_agent_session(failed.session_id)
    assert (session.status, session.failed_step, failed.failed_step) == ("failed", 2, 2)
    assert [step.status for step in session.steps] == ["completed", "failed", "skipped"]
    assert session.steps[1].error_message == session.error_message == failed.message


async def test_previous_steps_are_preserved(failed):
    session = await get_agent_session(failed.session_id)
    assert failed.outputs == [{"total": 3, "numbers": [1, 2]}, None, None]
    assert session.steps[0].output == failed.outputs[0]
    assert failed.partial == {"numbers": [1, 2]}


async def test_a_failed_workflow_can_be_retried_and_its_first_step_is_not_run_again(failed, user):
    await user.retry(failed.session_id, input={"until": 5})
    result = await user.outcome(failed.session_id)
    session = await user.get(failed.session_id, min_seq=result.seq)
    assert [step.status for step in session.steps] == ["completed", "completed", "completed"]
    assert (session.status, session.failed_step, session.error_message) == ("completed", None, None)
    trace = await user.executions(failed.session_id)
    told = [(row.step_number, row.status) for row in trace]
    assert told == [(1, "success"), (2, "error"), (2, "success"), (3, "success")]


async def test_a_workflow_that_is_wrong_never_starts(user):
    with pytest.raises(Refusal) as refused:
        await run_agent_workflow("scout-agent", uuid4(), [{"skill": "score-contacts", "input": {}}])
    assert (refused.value.code, refused.value.field) == ("missing_field", "steps[0].input.contacts")
