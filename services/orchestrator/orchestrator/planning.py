"""From a workflow as sent to steps as accepted: names, agents and pinned definitions."""

import re
from collections.abc import Mapping
from typing import Any, TypeGuard

from orchestrator.template_paths import STEP_NAME
from shared.commands import StepInput
from shared.definitions import AgentDefinition, SkillDefinition, agent_name
from shared.events import PlannedStep
from shared.refusal import Refusal
from shared.registry import Registry, Skill

NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")


async def skills_of(registry: Registry, steps: tuple[StepInput, ...]) -> dict[str, SkillDefinition]:
    """Return the definition of every skill that the steps name; an unknown or disabled one is refused."""
    found: dict[str, SkillDefinition] = {}
    for index, step in enumerate(steps):
        found[step.skill] = runnable(
            await registry.skill(step.skill), step.skill, f"steps[{index}].skill", registry
        )
    return found


def runnable(skill: Skill | None, name: str, field: str, registry: Registry) -> SkillDefinition:
    if skill is None:
        known = ", ".join(sorted(one.definition.name for one in registry.skills())) or "none yet"
        raise Refusal("unknown_skill", field, f"there is no skill {called(name)}; there are: {known}")
    if not skill.enabled:
        raise Refusal(
            "skill_disabled",
            field,
            f"the skill '{name}' is disabled: 'totalaud skills enable {name}' allows it",
        )
    return skill.definition


def is_name(given: Any) -> TypeGuard[str]:
    """Say whether it has the form of a name; anything else may be what nobody wants to read again."""
    return isinstance(given, str) and NAME.fullmatch(given) is not None


def called(name: str) -> str:
    return f"'{name}'" if is_name(name) else "of this name"


async def known_agent(registry: Registry, name: str) -> AgentDefinition:
    agent = await registry.agent(name)
    if agent is None:
        known = ", ".join(sorted(one.name for one in registry.agents())) or "none yet"
        raise Refusal("unknown_agent", "agent", f"there is no agent {called(name)}; there are: {known}")
    return agent


def owner(agent: AgentDefinition, skill: str, field: str, agents: list[AgentDefinition]) -> str:
    """Return the agent that does the step: the session's own, else the first that has the skill."""
    if skill in agent.skills:
        return agent_name(agent.name)
    for other in sorted(agents, key=lambda other: other.name):
        if skill in other.skills:
            return agent_name(other.name)
    raise Refusal(
        "skill_unassigned", field, f"no agent has the skill '{skill}': add it to an agent.yaml and push"
    )


def plan(
    steps: tuple[StepInput, ...],
    inputs: list[dict[str, Any]],
    skills: Mapping[str, SkillDefinition],
    owners: list[str | None],
) -> tuple[PlannedStep, ...]:
    """Pin each step's definition; `inputs` are the steps' inputs with personal literals sealed."""
    return tuple(
        pin(
            skills[step.skill],
            number=number,
            owner=who,
            input_=input_,
            id_=step.id,
            description=step.description,
            fresh=step.fresh,
        )
        for number, (step, input_, who) in enumerate(zip(steps, inputs, owners, strict=True), 1)
    )


def pin(
    skill: SkillDefinition,
    *,
    number: int,
    owner: str | None,
    input_: dict[str, Any],
    id_: str | None,
    description: str | None,
    fresh: bool,
) -> PlannedStep:
    return PlannedStep(
        number=number,
        skill=skill.name,
        skill_hash=skill.hash,
        agent=owner,
        pool=skill.provider,
        input=input_,
        id=id_,
        description=description,
        timeout_s=skill.timeout_s,
        max_attempts=skill.config.max_attempts,
        backoff_s=skill.config.backoff_s,
        fresh=fresh,
        in_doubt=skill.config.in_doubt or "repeat",
    )


def check_ids(steps: tuple[StepInput, ...]) -> None:
    """A step's id is its name in templates: unique, and not one that templates mean otherwise."""
    seen: dict[str, int] = {}
    for index, step in enumerate(steps):
        if step.id is None:
            continue
        field = f"steps[{index}].id"
        if step.id == "input" or STEP_NAME.fullmatch(step.id):
            raise Refusal(
                "invalid", field, f"{step.id} already means something in templates: choose another id"
            )
        if step.id in seen:
            raise Refusal("invalid", field, f"steps[{seen[step.id]}] has the same id: ids are unique")
        seen[step.id] = index
