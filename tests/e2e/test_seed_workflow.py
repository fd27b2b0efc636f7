"""The specification's workflow, its literal steps over the sample contacts, and its other calls."""

import csv
from uuid import uuid4

import pytest

from rig import SAMPLE
from seedblocks import arguments, call
from shared.refusal import Refusal
from totalaud import execute_skill, get_execution_trace, run_agent_workflow


async def inputs(session_id: str) -> dict[str, dict]:
    return {row.skill_name: row.input for row in await get_execution_trace(session_id)}


async def test_the_workflow_returns_the_session_and_one_output_per_step(done):
    research, score, pitch = done.outputs
    assert done.session_id
    assert research["contacts"]
    assert score["contacts"]
    assert pitch["pitches"]


async def test_the_found_contacts_are_the_users_own_uk_radio_people(done):
    with SAMPLE.open() as sample:
        people = {row["name"]: row for row in csv.DictReader(sample)}
    for found in done.outputs[0]["contacts"]:
        row = people[found["name"]]
        assert (found["email"], found["outlet"], found["type"]) == (row["email"], row["outlet"], "radio")
        assert row["type"] == "radio"
        assert row["suppressed"] != "yes"
        assert {"UK", "GB", "United Kingdom"} & set(row["regions"].split(";"))


async def test_the_contacts_are_ranked_and_each_score_is_the_sum_of_its_parts(done):
    scored = done.outputs[1]["contacts"]
    scores = [contact["relevance_score"] for contact in scored]
    assert scores == sorted(scores, reverse=True)
    for contact in scored:
        parts = sum(part["points"] for part in contact["score_parts"])
        assert abs(contact["relevance_score"] - parts) < 1e-9


async def test_a_template_that_is_the_whole_value_keeps_its_type(done):
    given = await inputs(done.session_id)
    assert given["score-contacts"]["contacts"] == done.outputs[0]["contacts"]
    assert given["generate-pitch"]["contacts"] == done.outputs[1]["contacts"]


async def test_every_contact_gets_one_pitch_addressed_by_name(done):
    scored, pitches = done.outputs[1]["contacts"], done.outputs[2]["pitches"]
    assert [pitch["contact_id"] for pitch in pitches] == [contact["id"] for contact in scored]
    for contact, pitch in zip(scored, pitches, strict=True):
        first_name = contact["name"].split()[0]
        assert first_name in pitch["body"]
        assert pitch["subject"]
        assert pitch["tone"]
        others = {other["name"] for other in scored} - {contact["name"]}
        assert not [name for name in others if name in pitch["body"]]


async def test_the_pitch_is_handed_off_to_the_coach_in_the_log_and_on_the_step(done, user):
    events = [event async for commit in user.events(done.session_id) for event in commit.events]
    handed = [event for event in events if event["type"] == "StepHandedOff"]
    assert handed == [
        {"type": "StepHandedOff", "step": 3, "from_agent": "scout-agent", "to_agent": "coach-agent"}
    ]
    steps = (await user.get(done.session_id, min_seq=done.seq)).steps
    assert [step.agent_name for step in steps] == ["scout-agent", "scout-agent", "coach-agent"]


async def test_the_session_keeps_its_first_input_and_its_last_output(done, user, bound):
    session = await user.get(done.session_id, min_seq=done.seq)
    first = arguments("workflow.ts", **bound)[2][0]
    assert session.initial_input == first["input"]
    assert session.final_output == done.outputs[2]
    assert [step.description for step in session.steps] == [
        step["description"] for step in arguments("workflow.ts", **bound)[2]
    ]


async def test_the_api_reference_runs_one_skill_beside_a_session(done, user, bound):
    before = await user.get(done.session_id, min_seq=done.seq)
    result = await call("execute-skill.ts", sessionId=done.session_id, **bound)
    assert result.skill_name == "research-contacts"
    assert result.output["contacts"] == done.outputs[0]["contacts"]
    await user.tables.caught_up(result.seq)
    beside = [
        row for row in await user.executions(done.session_id) if row.execution_id == result.execution_id
    ]
    assert [row.status for row in beside] == ["success"]
    assert await user.get(done.session_id) == before


async def test_the_api_reference_runs_one_skill_without_a_session(bound):
    assert (await call("execute-skill.ts", sessionId=None, **bound)).output["contacts"]


async def test_the_api_reference_runs_a_workflow_of_two_steps(bound):
    agent, user_id, steps = arguments("run-agent-workflow.ts", **bound)
    asked = arguments("workflow.ts", **bound)[2]
    assert [step["input"] for step in steps] == [{...: ...}, {...: ...}]
    filled = [{**step, "input": given["input"]} for step, given in zip(steps, asked, strict=False)]
    result = await run_agent_workflow(agent, user_id, filled)
    assert [output["contacts"] != [] for output in result.outputs] == [True, True]


async def test_the_ai_skill_runs_alone_with_the_three_inputs_of_the_specification():
    given = {"artist_name": "Neon Harbour", "genre": "synthpop", "contact_name": "Quillon Testerby"}
    result = await execute_skill("generate-pitch", given, uuid4())
    assert {"subject", "body", "tone"} <= result.output.keys()
    assert "Quillon" in result.output["body"]
    assert result.simulated


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "steps[0].input needs contacts or contact_name; steps[0].input needs artistInfo or artist_name"),
        (
            {"genre": "synthpop", "artist_name": "Neon Harbour"},
            "steps[0].input needs contacts or contact_name",
        ),
        ({"contacts": [], "artistInfo": None}, "steps[0].input needs artistInfo or artist_name"),
    ],
)
async def test_a_pitch_about_nobody_or_for_nobody_is_not_paid_for(given, message):
    with pytest.raises(Refusal) as refused:
        await run_agent_workflow("coach-agent", uuid4(), [{"skill": "generate-pitch", "input": given}])
    assert (refused.value.code, refused.value.message) == ("missing_field", message)
