"""What a start pins and seals; what a retry looks at: its steps as their skills are now, none before."""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from controls import SESSION, planned
from orchestrator.asked import Start
from orchestrator.session import Session
from orchestrator.starts import Starts
from orchestrator.template_paths import resolve
from shared.commands import ExecuteSkill, RetrySession, RunSession
from shared.definitions import AgentDefinition, SkillDefinition
from shared.events import Budget
from shared.keyring import Keyring
from shared.log import MemoryLog
from shared.memory_vault import MemoryVault
from shared.refusal import Refusal
from shared.registry import Registry, Skill
from shared.sealing import is_sealed, people_in

USER = UUID(int=1)


def skill(name: str, given: str, made: str, version: str = "1") -> SkillDefinition:
    """One that takes a text and makes one."""
    text = {"type": "string"}
    return SkillDefinition(
        name=name,
        category="analysis",
        provider="custom",
        input_schema={"type": "object", "properties": {given: text}, "required": [given]},
        output_schema={"type": "object", "properties": {made: text}, "required": [made]},
        hash=version.rjust(64, "0"),
    )


PERSONAL = {
    "type": "object",
    "properties": {name: {"type": "string", "x-personal": True} for name in ("who", "text")},
}
FIRST, SECOND = skill("first", "topic", "found"), skill("second", "text", "told")
RENAMED = skill("first", "topic", "discovered", "2")


def starts(first: Skill = Skill((FIRST,)), second: Skill = Skill((SECOND,))) -> Starts:  # noqa: B008 - frozen
    registry = Registry(MemoryLog())
    registry._skills = {"first": first, "second": second}
    registry._agents = {
        name: AgentDefinition(name=name, domain="test", skills=(skill,))
        for name, skill in (("scout-agent", "first"), ("coach-agent", "second"))
    }
    return Starts(registry, MemoryVault(Keyring(bytes(32))))


def failed() -> Session:
    """The second of two steps failed."""
    plans = (
        planned(1, skill="first", skill_hash=FIRST.hash),
        planned(2, skill="second", skill_hash=SECOND.hash, input={"text": "{{step1.found}}"}),
    )
    return Session(status="failed", steps=plans, outputs={1: {"found": "a label"}})


async def retried(first: Skill, second: Skill, **asked) -> list[str]:
    command = RetrySession(session_id=SESSION, **asked)
    retry = await starts(first, second).retry(USER, failed(), command, None)
    assert retry is not None
    return [plan.skill_hash for plan in retry.steps]


async def test_a_step_is_retried_although_a_completed_one_s_skill_has_changed_since():
    assert await retried(Skill((FIRST, RENAMED)), Skill((SECOND,))) == [SECOND.hash]


async def test_a_step_is_retried_although_a_completed_one_s_skill_is_disabled():
    assert await retried(Skill((FIRST,), switched=False), Skill((SECOND,))) == [SECOND.hash]


async def test_what_is_run_again_must_fit_what_its_skills_are_now():
    with pytest.raises(Refusal) as refused:
        await retried(Skill((FIRST, RENAMED)), Skill((SECOND,)), from_step=1)
    assert (refused.value.code, refused.value.field) == ("bad_template", "steps[1].input.text")


async def test_a_disabled_skill_is_not_run_again():
    with pytest.raises(Refusal) as refused:
        await retried(Skill((FIRST,)), Skill((SECOND,), switched=False))
    assert (refused.value.code, refused.value.field) == ("skill_disabled", "steps[1].skill")


async def test_a_personal_literal_is_sealed_and_a_template_in_its_place_stays():
    personal = SECOND.model_copy(update={"input_schema": PERSONAL})
    command = RetrySession(session_id=SESSION, input={"who": "Jane Example", "text": "{{step1.found}}"})
    retry = await starts(Skill((FIRST,)), Skill((personal,))).retry(USER, failed(), command, None)
    given = retry.steps[0].input
    assert (is_sealed(given["who"]), given["text"]) == (True, "{{step1.found}}")


async def test_a_retry_keeps_its_own_id_and_puts_its_input_into_its_first_step_only():
    command = RetrySession(session_id=SESSION, from_step=1, input={"topic": "labels"}, command_id="again")
    retry = await starts().retry(USER, failed(), command, None)
    assert (retry.from_step, retry.command_id) == (1, "again")
    assert [plan.input for plan in retry.steps] == [{"topic": "labels"}, {"text": "{{step1.found}}"}]


async def test_a_retry_s_templates_mean_what_completed_steps_gave_and_what_the_session_was_given():
    for text in ("{{step1.found}}", "{{input.topic}}"):
        command = RetrySession(session_id=SESSION, input={"text": text})
        session = Session(**{**session_of(failed()), "input": {"topic": "synthpop"}})
        assert (await starts().retry(USER, session, command, None)).steps[0].input == {"text": text}
    with pytest.raises(Refusal) as refused:
        await starts().retry(
            USER, failed(), RetrySession(session_id=SESSION, input={"text": "{{step1.no}}"}), None
        )
    assert (refused.value.code, refused.value.field) == ("bad_template", "steps[1].input.text")


@pytest.mark.parametrize(
    ("given", "at"), [({"who": "{{input.who}}"}, "who"), ({"text": "a", "more": ["{{input}}"]}, "more[0]")]
)
async def test_a_retry_takes_nothing_of_the_session_s_input_that_would_have_to_be_sealed_for_it(given, at):
    personal = Skill((SECOND.model_copy(update={"input_schema": PERSONAL}),))
    session = Session(**{**session_of(failed()), "input": {"who": "Jane Example"}})
    with pytest.raises(Refusal, match="write it here") as refused:
        await starts(second=personal).retry(
            USER, session, RetrySession(session_id=SESSION, input=given), None
        )
    assert (refused.value.code, refused.value.field) == ("bad_template", f"steps[1].input.{at}")


async def test_a_retry_takes_of_the_session_s_input_what_is_sealed():
    personal = Skill((SECOND.model_copy(update={"input_schema": PERSONAL}),))
    steps = [STEPS[0], {"skill": "second", "input": {"who": "{{input.who}}", "text": "a note"}}]
    start = await run(starts(second=personal), steps=steps, input={"who": "Jane Example"})
    session = Session(**{**session_of(failed()), "input": start.input})
    command = RetrySession(session_id=SESSION, input={"text": "{{input.who}}"})
    retry = await starts(second=personal).retry(USER, session, command, None)
    assert retry.steps[0].input == {"text": "{{input.who}}"}


async def test_a_step_that_is_retried_is_still_meant_by_its_id():
    plans = (
        planned(1, skill="first", skill_hash=FIRST.hash, id="search", input={"topic": "labels"}),
        planned(2, skill="second", skill_hash=SECOND.hash, input={"text": "{{search.found}}"}),
    )
    retry = await starts().retry(
        USER, Session(status="failed", steps=plans), RetrySession(session_id=SESSION), None
    )
    assert [plan.id for plan in retry.steps] == ["search", None]


def session_of(session: Session) -> dict[str, Any]:
    return {"status": session.status, "steps": session.steps, "outputs": session.outputs}


STEPS = [
    {"skill": "first", "input": {"topic": "labels"}, "id": "search", "description": "look for labels"},
    {"skill": "second", "input": {"text": "{{search.found}}"}, "fresh": True},
]


async def run(to: Starts, **asked: Any) -> Start:
    command = RunSession.model_validate({"agent": "scout", "steps": STEPS, **asked})
    return await to.run(USER, command, "print")


async def test_a_workflow_is_pinned_with_all_that_it_was_asked_with():
    start = await run(starts(), budget={"limit_usd": "2", "policy": "wait"})
    assert (start.agent, start.fingerprint, start.beside_session) == ("scout-agent", "print", None)
    assert start.budget == Budget(limit_usd=Decimal(2), policy="wait")
    assert start.input == {"topic": "labels"}
    first, second = start.steps
    assert (first.number, first.skill, first.skill_hash) == (1, "first", FIRST.hash)
    assert (first.agent, first.id, first.description) == ("scout-agent", "search", "look for labels")
    assert (first.input, first.fresh) == ({"topic": "labels"}, False)
    assert (second.number, second.skill, second.skill_hash) == (2, "second", SECOND.hash)
    assert (second.agent, second.id, second.description) == ("coach-agent", None, None)
    assert (second.input, second.fresh) == ({"text": "{{search.found}}"}, True)


async def test_a_session_s_own_input_is_kept_though_it_be_empty():
    assert (await run(starts(), input={"topic": "a", "more": [1]})).input == {"topic": "a", "more": [1]}
    assert (await run(starts(), input={})).input == {}
    assert (await run(starts())).budget is None


async def test_what_templates_carry_into_a_personal_place_is_sealed_where_it_stands_and_nothing_else():
    personal = Skill((SECOND.model_copy(update={"input_schema": PERSONAL}),))
    steps = [STEPS[0], {"skill": "second", "input": {"who": "{{input.people[1].name}}", "text": "a note"}}]
    own = {"people": [{"name": "Ann"}, {"name": "Jane Example"}], "topic": "labels"}
    start = await run(starts(second=personal), steps=steps, input=own)
    people = start.input["people"]
    assert (people[0], start.input["topic"]) == ({"name": "Ann"}, "labels")
    assert is_sealed(people[1]["name"])
    assert is_sealed(start.steps[1].input["text"])


FREE = {"type": "object", "properties": {"findings": {"type": "object"}, "voice": {"type": "string"}}}


@pytest.mark.parametrize(
    "given",
    [
        {"findings": "{{input.people}}"},
        {"findings": {"of": "{{input.people.ann}}", "more": {"all": "{{input.people}}"}}},
        {"findings": {"stray": "{{input.people}}"}, "vioce": "{{input.people}}"},
    ],
    ids=["whole", "inside", "unknown"],
)
async def test_what_templates_carry_to_where_no_skill_says_what_it_is_is_sealed_too(given):
    free = Skill((SECOND.model_copy(update={"input_schema": FREE}),))
    own = {"people": {"ann": {"name": "Ann Example", "age": 7}}, "topic": "labels"}
    start = await run(starts(second=free), steps=[STEPS[0], {"skill": "second", "input": given}], input=own)
    assert is_sealed(start.input["people"]["ann"]["name"])
    assert (start.input["people"]["ann"]["age"], start.input["topic"]) == (7, "labels")


async def test_what_a_public_field_gets_of_the_session_s_input_stays_whatever_else_gets_it():
    free = Skill((SECOND.model_copy(update={"input_schema": FREE}),))
    given = {"findings": {"all": "{{input}}"}, "voice": "as {{input.how}} as {{input.more[0]}}"}
    own = {"how": "loud", "more": ["ever", "Ann"], "topic": "labels"}
    steps = [{"skill": "first", "input": {"topic": "{{input.topic}}"}}, {"skill": "second", "input": given}]
    start = await run(starts(second=free), steps=steps, input=own)
    assert (start.input["how"], start.input["topic"], start.input["more"][0]) == ("loud", "labels", "ever")
    assert is_sealed(start.input["more"][1])


async def test_whose_a_carried_value_is_says_what_stands_beside_it_in_the_session_s_own_input():
    personal = Skill((SECOND.model_copy(update={"input_schema": PERSONAL}),))
    carried = [
        {"who": "{{input.people[0].name}}", "text": "{{input.people[1].name}}"},
        {"who": "{{input.people[2].name}}", "text": "{{input.people[3].name}}"},
    ]
    ids = [str(uuid4()), str(uuid4())]
    own = {
        "people": [
            {"email": "ada@example.org", "name": "Ada"},
            {"name": "Ben"},
            {"contact_id": ids[0], "email": "cleo@example.org", "name": "Cleo"},
            {"id": ids[1], "name": "Dan"},
        ]
    }
    steps = [{"skill": "second", "input": one} for one in carried]
    start = await run(starts(second=personal), steps=steps, input=own)
    by_text = [Keyring(bytes(32)).ids.person_of(USER, text) for text in ("ada@example.org", "Ben")]
    found = [people_in(one["name"]) for one in start.input["people"]]
    assert found == [{person} for person in (*by_text, *map(UUID, ids))]


@pytest.mark.parametrize("path", ["band.names", "band.names[0]", "band.more.name"])
@pytest.mark.parametrize("field", ["text", "note"])
async def test_what_is_carried_from_within_an_object_is_theirs_of_whom_that_speaks(path: str, field: str):
    schema = {"type": "object", "properties": {"text": {"x-personal": True}}}
    personal = Skill((SECOND.model_copy(update={"input_schema": schema}),))
    band = {"contact_id": str(uuid4()), "names": ["Ada", "Ben"], "more": {"name": "Cleo"}}
    steps = [{"skill": "second", "input": {field: f"{{{{input.{path}}}}}"}}]
    start = await run(starts(second=personal), steps=steps, input={"band": band})
    assert people_in(start.input) == {UUID(band["contact_id"])}


async def test_what_stands_in_a_field_that_the_skill_does_not_know_is_sealed():
    stray = {"topic": "labels", "note": "Jane Example"}
    start = await run(starts(), steps=[{"skill": "first", "input": stray}])
    assert (start.steps[0].input["topic"], is_sealed(start.steps[0].input["note"])) == ("labels", True)


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        ({"agent": "nobody"}, "unknown_agent", "agent"),
        ({"steps": [STEPS[0], {**STEPS[1], "id": "search"}]}, "invalid", "steps[1].id"),
        ({"steps": [STEPS[0], {"skill": "third", "input": {}}]}, "unknown_skill", "steps[1].skill"),
        ({"steps": [{"skill": "second", "input": {"text": "{{input.text}}"}}]}, "bad_template", None),
    ],
    ids=["agent", "id", "skill", "template"],
)
async def test_a_workflow_that_cannot_run_is_refused_at_its_field(asked, code, field):
    with pytest.raises(Refusal) as refused:
        await run(starts(), **asked)
    assert refused.value.code == code
    assert refused.value.field == (field or "steps[0].input.text")


async def execute(to: Starts, **asked: Any) -> Start:
    command = ExecuteSkill.model_validate({"skill": "first", "input": {"topic": "labels"}, **asked})
    return await to.execute(USER, command, "print")


async def test_a_skill_alone_is_a_step_of_no_agent_beside_the_session_that_is_named():
    start = await execute(starts(), session_id=str(SESSION), fresh=True, budget={"limit_usd": "2"})
    assert (start.agent, start.fingerprint, start.beside_session) == (None, "print", SESSION)
    assert (start.input, start.budget.limit_usd) == ({"topic": "labels"}, 2)
    (step,) = start.steps
    assert (step.number, step.skill, step.skill_hash, step.agent) == (1, "first", FIRST.hash, None)
    assert (step.input, step.fresh) == ({"topic": "labels"}, True)
    assert (await execute(starts())).steps[0].fresh is False


async def test_a_skill_alone_is_refused_at_its_own_fields():
    for asked, field in (
        ({"skill": "third"}, "skill"),
        ({"input": {"topic": ["{{"]}}, "input.topic"),
    ):
        with pytest.raises(Refusal) as refused:
            await execute(starts(), **asked)
        assert refused.value.field == field
    with pytest.raises(Refusal) as refused:
        await execute(starts(first=Skill((FIRST,), switched=False)))
    assert (refused.value.code, refused.value.field) == ("skill_disabled", "skill")


@pytest.mark.parametrize("text", ["{{input.topic}}", "{{step1.list}}", "la {{ la", "{{oh}} {{oh}}"])
async def test_what_a_skill_alone_is_given_is_data_whatever_it_looks_like(text):
    start = await execute(starts(), input={"topic": text})
    assert start.input == {"topic": text}
    assert resolve(start.steps[0].input, {"input": start.input}) == {"topic": text}


async def test_a_personal_text_of_a_skill_alone_is_sealed_though_it_looks_like_a_template():
    personal = Skill((FIRST.model_copy(update={"input_schema": PERSONAL}),))
    start = await execute(starts(first=personal), input={"who": "{{Jane}}"})
    assert "Jane" not in str((start.input, start.steps))
    assert resolve(start.steps[0].input, {"input": start.input}) == start.input


async def test_a_personal_literal_of_a_skill_alone_is_sealed_in_the_step_and_in_the_input():
    personal = Skill((FIRST.model_copy(update={"input_schema": PERSONAL}),))
    start = await execute(starts(first=personal), input={"who": "Jane Example"})
    assert is_sealed(start.input["who"])
    assert start.steps[0].input == start.input


async def test_a_fingerprint_tells_bodies_apart_but_for_their_own_id_and_does_not_quote_them():
    of = starts().fingerprint
    body = {"skill": "first", "execution_id": "1"}
    assert await of(body, "execution_id") == await of({"skill": "first"}, "execution_id")
    assert await of(body, "execution_id") != await of({**body, "skill": "second"}, "execution_id")
    assert await of(body, "execution_id") != await of(body, "session_id")
    assert "first" not in await of(body, "execution_id")
