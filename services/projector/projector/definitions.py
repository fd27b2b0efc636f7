"""Skills and agents as rows."""

from collections.abc import Iterator

from projector.changes import Alter, Change, Ensure, Row
from shared.events import AgentRegistered, SkillDisabled, SkillEnabled, SkillRegistered
from shared.log import Recorded


def skill_changes(name: str, recorded: Recorded) -> Iterator[Change]:
    """Tell what changes in `skills`; the operator's switch stands over the file's `enabled`.

    What a definition does not say, because it is older than the field, its row does not say either.
    """
    row = Row("skills", name)
    at = recorded.commit.at
    for event in recorded.commit.events:
        match event:
            case SkillRegistered(definition=skill):
                values = {
                    "version": skill.version,
                    "category": skill.category,
                    "description": skill.description,
                    "input_schema": skill.input_schema,
                    "output_schema": skill.output_schema,
                    "provider": skill.provider,
                    "model": skill.model,
                    "config": skill.config.model_dump(mode="json", exclude_none=True, exclude_unset=True),
                    "is_beta": skill.is_beta,
                    "definition": skill.model_dump(mode="json", exclude_none=True, exclude_unset=True),
                    "hash": skill.hash,
                    "timeout_s": skill.timeout_s,
                    "updated_at": at,
                }
                yield Ensure(row, {**values, "enabled": skill.enabled, "created_at": at})
                yield Alter(row, values)
            case SkillEnabled() | SkillDisabled():
                yield Alter(row, {"switched": isinstance(event, SkillEnabled), "updated_at": at})
            case _:
                raise ValueError(f"{event.type} is no event of a skill")


def agent_changes(name: str, recorded: Recorded) -> Iterator[Change]:
    """Tell what changes in `agents`."""
    for event in recorded.commit.events:
        match event:
            case AgentRegistered(definition=agent):
                values = {
                    "domain": agent.domain,
                    "emoji": agent.emoji,
                    "voice": agent.voice,
                    "greeting": agent.greeting,
                    "skills": list(agent.skills),
                    "updated_at": recorded.commit.at,
                }
                yield Ensure(Row("agents", name), values)
                yield Alter(Row("agents", name), values)
            case _:
                raise ValueError(f"{event.type} is no event of an agent")
