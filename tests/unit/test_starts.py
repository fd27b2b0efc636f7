"""What a retry looks at: the steps that it runs, as their skills are now, and nothing of those before."""

from uuid import UUID

import pytest

from controls import SESSION, planned
from orchestrator.session import Session
from orchestrator.starts import Starts
from shared.commands import RetrySession
from shared.definitions import SkillDefinition
from shared.keyring import Keyring
from shared.log import MemoryLog
from shared.memory_vault import MemoryVault
from shared.refusal import Refusal
from shared.registry import Registry, Skill
from shared.sealing import is_sealed

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


def starts(first: Skill, second: Skill) -> Starts:
    registry = Registry(MemoryLog())
    registry._skills = {"first": first, "second": second}
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
    retry = await starts(first, second).retry(USER, failed(), command)
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
    retry = await starts(Skill((FIRST,)), Skill((personal,))).retry(USER, failed(), command)
    given = retry.steps[0].input
    assert (is_sealed(given["who"]), given["text"]) == (True, "{{step1.found}}")
