"""What the front door makes of a session's commits."""

from typing import Any
from uuid import UUID

import pytest

from totalaud.errors import SkillFailed, WorkflowFailed
from totalaud.logged import Logged
from totalaud.outcome import Outcome
from totalaud.results import SkillResult, WorkflowResult

USER, ID = UUID(int=1), UUID(int=2)
PAID = {"input_tokens": 100, "output_tokens": 20, "cost_usd": "0.0123", "list_price_usd": "0.0123"}
FREE = {"input_tokens": 10, "output_tokens": 5, "cost_usd": "0", "list_price_usd": "0.1", "simulated": True}
STARTED = {"type": "SessionStarted", "input": {"q": 1}, "steps": [{"skill": "find"}, {"skill": "write"}]}


def completed(step: int, output: Any, usage: Any = None) -> dict[str, Any]:
    return {"type": "StepCompleted", "step": step, "output": output, "duration_ms": 7, "usage": usage}


def after(*events: dict[str, Any], traceparent: str | None = None) -> Outcome:
    state = Outcome()
    for seq, event in enumerate(events, 1):
        state = state.take(Logged(seq, f"c-{seq}", "now", (event,), traceparent if seq == 1 else "later"))
    return state


def test_outputs_are_aligned_with_the_steps():
    state = after(STARTED, completed(1, "a"), completed(2, "b"), {"type": "SessionCompleted"})
    assert WorkflowResult.of(USER, ID, state).outputs == ["a", "b"]


def test_tokens_and_cost_are_summed_over_all_attempts():
    failed = {"type": "AttemptFailed", "step": 2, "usage": PAID}
    one_of_its_calls = {"type": "ModelCalled", "step": 2, "usage": PAID}
    done = completed(2, "b", PAID)
    state = after(STARTED, completed(1, "a"), one_of_its_calls, failed, done, {"type": "SessionCompleted"})
    result = WorkflowResult.of(USER, ID, state)
    assert (result.tokens_used, result.cost_usd, result.simulated) == (240, 0.0246, False)


def test_a_simulated_text_costs_nothing_and_says_so():
    result = WorkflowResult.of(
        USER, ID, after(STARTED, completed(1, "a", FREE), {"type": "SessionCompleted"})
    )
    assert (result.cost_usd, result.list_price_usd, result.simulated) == (0.0, 0.1, True)
    both = after(STARTED, completed(1, "a", FREE), completed(2, "b", PAID), {"type": "SessionCompleted"})
    assert WorkflowResult.of(USER, ID, both).simulated


def test_an_unknown_price_is_counted_not_taken_for_nothing():
    unknown = {**PAID, "cost_usd": None, "list_price_usd": None}
    assert after(STARTED, completed(1, "a", unknown)).spent.unpriced == 1


def test_unknown_prices_are_counted_by_calls_as_the_tables_count_them():
    repaired = {**PAID, "cost_usd": None, "calls": 2}
    state = after(STARTED, completed(1, "a", repaired), completed(2, "b", PAID), {"type": "SessionCompleted"})
    assert WorkflowResult.of(USER, ID, state).unpriced_calls == 2


def test_what_calls_may_have_cost_that_nobody_answered_stands_beside_the_cost():
    claimed, again = ({"type": "AttemptStarted", "attempt_id": id_, "reserved_usd": "0.02"} for id_ in "ab")
    lost = {"type": "AttemptLost", "step": 1, "attempt_id": "a"}
    done = {**completed(1, "a", {**PAID, "in_doubt_usd": "0.001"}), "attempt_id": "b"}
    story = (STARTED, claimed, lost, again, done, {"type": "SessionCompleted"})
    for kind in (WorkflowResult, SkillResult):
        result = kind.of(USER, ID, after(*story))
        assert (result.cost_usd, result.in_doubt_usd) == (0.0123, 0.021)
    late = {"type": "AttemptReportedLate", "step": 1, "attempt_id": "a", "usage": PAID}
    assert WorkflowResult.of(USER, ID, after(*story, late)).in_doubt_usd == 0.001


def test_hits_are_counted_with_what_they_saved_apart_from_the_cost():
    hit = {**completed(2, "b"), "cached": {"saved_usd": "0.02", "saved_list_price_usd": "0.03"}}
    result = WorkflowResult.of(
        USER, ID, after(STARTED, completed(1, "a", PAID), hit, {"type": "SessionCompleted"})
    )
    assert (result.cost_usd, result.cache_hits) == (0.0123, 1)
    assert (result.saved_usd, result.saved_list_price_usd) == (0.02, 0.03)


def test_a_step_that_a_retry_runs_again_is_a_hit_once_or_not_at_all():
    hit = {"saved_usd": "0.02", "saved_list_price_usd": "0.03"}
    first, second = ({**completed(step, "a"), "cached": hit} for step in (1, 2))
    again = {"type": "SessionRetried", "from_step": 2, "steps": [{"skill": "write"}]}
    ends = {"type": "SessionCompleted"}
    for result, hits in ((second, 2), (completed(2, "b", PAID), 1)):
        told = WorkflowResult.of(USER, ID, after(STARTED, first, second, again, result, ends))
        assert (told.cache_hits, told.saved_usd) == (hits, 0.02 * hits)


def test_what_a_hit_saved_of_an_unknown_price_is_unknown():
    hit = {**completed(1, "a"), "cached": {"from_attempt": str(ID)}}
    result = SkillResult.of(USER, ID, after(STARTED, hit, {"type": "SessionCompleted"}))
    assert (result.cache_hits, result.saved_usd, result.cost_usd) == (1, None, 0.0)


def test_a_failed_workflow_carries_the_step_and_what_came_before():
    state = after(
        STARTED,
        completed(1, "a"),
        {"type": "StepFailed", "step": 2, "code": "timeout", "message": "too slow", "partial": "half"},
        {"type": "SessionFailed", "step": 2, "code": "timeout", "message": "too slow"},
    )
    with pytest.raises(WorkflowFailed) as failed:
        WorkflowResult.of(USER, ID, state)
    error = failed.value
    assert (error.session_id, error.failed_step, error.outputs) == (str(ID), 2, ["a", None])
    assert (error.code, error.partial) == ("timeout", "half")


def test_a_retry_keeps_the_earlier_outputs_and_forgets_the_failure():
    state = after(
        STARTED,
        completed(1, "a"),
        {"type": "StepFailed", "step": 2, "code": "x", "message": "y", "partial": "half"},
        {"type": "SessionFailed", "step": 2, "code": "x", "message": "y"},
        {"type": "SessionRetried", "from_step": 2, "steps": [{"skill": "rewrite"}]},
    )
    assert (state.status, state.outputs, state.failed_step) == ("running", {1: "a"}, None)
    assert (state.code, state.message, state.partial) == ("", "", None)
    assert [step["skill"] for step in state.steps] == ["find", "rewrite"]


def test_a_retry_from_an_earlier_step_has_no_output_of_it_any_more():
    again = {"type": "SessionRetried", "from_step": 1, "steps": STARTED["steps"]}
    assert after(STARTED, completed(1, "a"), completed(2, "b"), again).outputs == {}


def test_a_session_is_pending_until_it_has_begun_and_then_runs():
    assert (Outcome().status, after(STARTED).status) == ("pending", "running")


def test_a_cancelled_session_has_no_failed_step():
    with pytest.raises(WorkflowFailed, match="cancelled: enough") as failed:
        WorkflowResult.of(USER, ID, after(STARTED, {"type": "SessionCancelled", "reason": "enough"}))
    assert failed.value.failed_step is None
    silent = after(STARTED, {"type": "SessionCancelled", "reason": None})
    assert (silent.status, silent.message) == ("cancelled", "it was cancelled")


def test_the_trace_is_that_of_whoever_started_it():
    cause = f"00-{'ab' * 16}-{'cd' * 8}-01"
    state = after(STARTED, {"type": "SessionCompleted"}, traceparent=cause)
    assert WorkflowResult.of(USER, ID, state).trace_id == "ab" * 16
    assert WorkflowResult.of(USER, ID, after(STARTED, {"type": "SessionCompleted"})).trace_id == ID.hex


def test_a_skill_alone_has_the_fields_of_the_execution_trace():
    state = after(
        {**STARTED, "steps": [{"skill": "find"}]}, completed(1, "a", PAID), {"type": "SessionCompleted"}
    )
    result = SkillResult.of(USER, ID, state)
    assert (result.skill_name, result.input, result.output) == ("find", {"q": 1}, "a")
    assert (result.duration_ms, result.tokens_used, result.cost_usd, result.status) == (
        7,
        120,
        0.0123,
        "success",
    )


def test_what_a_step_warns_of_is_told_with_the_step():
    odd = {**completed(2, "b"), "warnings": ["typ is not known"]}
    ended = after(STARTED, completed(1, "a"), odd, {"type": "SessionCompleted"})
    assert WorkflowResult.of(USER, ID, ended).warnings == ["step 2: typ is not known"]
    alone = after(STARTED, {**odd, "step": 1}, {"type": "SessionCompleted"})
    assert SkillResult.of(USER, ID, alone).warnings == ["typ is not known"]


def test_a_skill_that_failed_alone_carries_what_it_had_yielded():
    state = after(
        {**STARTED, "steps": [{"skill": "find"}]},
        {"type": "StepFailed", "step": 1, "code": "bad", "message": "no", "partial": [1]},
        {"type": "SessionFailed", "step": 1, "code": "bad", "message": "no"},
    )
    with pytest.raises(SkillFailed) as failed:
        SkillResult.of(USER, ID, state)
    assert (failed.value.execution_id, failed.value.code, failed.value.partial) == (str(ID), "bad", [1])
