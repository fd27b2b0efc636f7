"""What a run tells afterwards: execution log, cost and session, with the specification's field names."""

from decimal import Decimal

from seedblocks import call, objects
from totalaud import get_execution_trace, get_session_cost

CUSTOM = ("research-contacts", "score-contacts")
CALLS = """
SELECT tokens_used, cost_usd, model, provider, list_price_usd, simulated, input_tokens, output_tokens
FROM skill_executions WHERE agent_session_id = $1::uuid ORDER BY started_at
"""


async def test_the_execution_log_has_the_fields_of_the_specification(done):
    (shown,) = objects("trace.ts")
    trace = {row.skill_name: row for row in await get_execution_trace(done.session_id)}
    for skill in CUSTOM:
        row = trace[skill]
        assert shown.keys() <= row.keys()
        assert (row.tokens_used, row.cost_usd, row.status) == (0, 0, "success")
        assert row.output["contacts"]
        assert 0 <= row.duration_ms < 5000
    assert trace["research-contacts"].input["query"] == shown["input"]["query"]
    assert row_types(trace["research-contacts"], shown) == row_types(shown, shown)


async def test_a_skill_run_alone_answers_with_the_same_fields(bound):
    (shown,) = objects("trace.ts")
    result = await call("execute-skill.ts", sessionId=None, **bound)
    assert {name: getattr(result, name) for name in ("skill_name", "tokens_used", "cost_usd", "status")} == {
        name: shown[name] for name in ("skill_name", "tokens_used", "cost_usd", "status")
    }
    assert all(hasattr(result, name) for name in shown)


async def test_each_call_of_a_model_has_its_tokens_cost_model_and_provider(done):
    per_call, _ = objects("cost.ts")
    (pitch,) = [row for row in await get_execution_trace(done.session_id) if row.provider]
    assert per_call.keys() <= pitch.keys()
    assert pitch.skill_name == "generate-pitch"
    assert pitch.tokens_used == pitch.input_tokens + pitch.output_tokens > 0
    assert (pitch.provider, bool(pitch.model)) == ("anthropic", True)


async def test_what_the_local_model_wrote_costs_nothing_and_has_its_list_price_beside_it(done):
    (pitch,) = [row for row in await get_execution_trace(done.session_id) if row.provider]
    assert (pitch.cost_usd, pitch.simulated) == (0, True)
    assert pitch.list_price_usd > 0


async def test_the_cost_of_a_session_is_that_of_the_specification_and_sums_its_calls(done, user):
    _, shown = objects("cost.ts")
    cost = await get_session_cost(done.session_id)
    assert cost.keys() == shown.keys()
    rows = await user.tables.rows(CALLS, done.session_id)
    assert cost.total_tokens == sum(row["tokens_used"] for row in rows) == done.tokens_used > 0
    assert Decimal(str(cost.total_cost_usd)) == sum(row["cost_usd"] for row in rows) == 0
    session = await user.get(done.session_id)
    assert Decimal(str(session.list_price_usd)) == sum(row["list_price_usd"] or 0 for row in rows) > 0
    assert cost.duration_ms == session.duration_ms


async def test_the_totals_of_the_steps_are_those_of_the_session(done, user):
    session = await user.get(done.session_id)
    assert sum(step.tokens_used for step in session.steps) == session.tokens_used
    assert sum(step.cost_usd for step in session.steps) == session.cost_usd == session.total_cost
    assert [step.tokens_used for step in session.steps[:2]] == [0, 0]


async def test_a_session_is_read_with_the_names_of_the_specification(done):
    (shown,) = objects("session.ts")
    session = await call("session.ts", sessionId=done.session_id)
    assert shown.keys() <= session.keys()
    assert session.id == done.session_id
    assert session.status == shown["status"]
    for step, expected in zip(session.steps, shown["steps"], strict=True):
        assert expected.keys() <= step.keys()
        fixed = ("step_number", "skill", "status")
        assert [step[name] for name in fixed] == [expected[name] for name in fixed]


async def test_the_total_duration_is_the_sum_of_the_steps(done):
    (shown,) = objects("session.ts")
    assert shown["total_duration"] == sum(step["duration"] for step in shown["steps"])
    session = await call("get-agent-session.ts", sessionId=done.session_id)
    assert session.total_duration == sum(step.duration for step in session.steps)
    assert session.duration_ms >= session.total_duration


def row_types(row: dict, shown: dict) -> dict[str, type]:
    return {name: type(row[name]) for name in shown if name != "cost_usd"}
