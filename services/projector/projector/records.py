"""Skills, agents and contacts: a row each, the newest event wins."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from projector.changes import Add, Alter, Change, Settle
from shared.events import (
    AgentRegistered,
    AnyEvent,
    ContactErased,
    ContactImported,
    SkillDisabled,
    SkillEnabled,
    SkillRegistered,
)
from shared.subjects import Aggregate


def skill(name: str, event: AnyEvent, at: datetime) -> Iterator[Change]:
    match event:
        case SkillRegistered(definition=defined):
            values = {
                "version": defined.version,
                "category": defined.category,
                "description": defined.description,
                "input_schema": defined.input_schema,
                "output_schema": defined.output_schema,
                "provider": defined.provider,
                "model": defined.model,
                "config": defined.config.model_dump(mode="json", exclude_none=True),
                "is_beta": defined.is_beta,
                "hash": defined.hash,
                "timeout_s": defined.timeout_s,
                "updated_at": at,
                "file_enabled": defined.enabled,
            }
            yield Add("skills", name, {**values, "created_at": at})
            yield Alter("skills", name, values)
            yield Settle(name)
        case SkillEnabled() | SkillDisabled():
            yield Alter("skills", name, {"switched": isinstance(event, SkillEnabled), "updated_at": at})
            yield Settle(name)
        case _:
            raise ValueError(f"{event.type} is no event of a skill")


def agent(event: AnyEvent, at: datetime) -> Iterator[Change]:
    if not isinstance(event, AgentRegistered):
        raise ValueError(f"{event.type} is no event of an agent")  # noqa: TRY004 - a matter of the log
    defined = event.definition
    values = {
        "domain": defined.domain,
        "emoji": defined.emoji,
        "voice": defined.voice,
        "greeting": defined.greeting,
        "skills": list(defined.skills),
        "updated_at": at,
    }
    yield Add("agents", defined.name, values)
    yield Alter("agents", defined.name, values)


def contact(aggregate: Aggregate, event: AnyEvent, at: datetime, seq: int) -> Iterator[Change]:
    id_ = UUID(aggregate.id)
    match event:
        case ContactImported():
            words = [event.outlet, event.role, event.kind, *event.genres, *event.regions]
            values = {
                "name": event.name,
                "email": event.email,
                "phone": event.phone,
                "notes": event.notes,
                "outlet": event.outlet,
                "role": event.role,
                "type": event.kind,
                "genres": list(event.genres),
                "regions": list(event.regions),
                "source": event.source,
                "source_url": event.source_url,
                "suppressed": event.suppressed,
                "imported_at": at,
                "seq": seq,
                "search": " ".join(word for word in words if word),
            }
            yield Add("contacts", id_, {"user_id": aggregate.user, **values})
            yield Alter("contacts", id_, values)
        case ContactErased():
            nothing = dict.fromkeys(("name", "email", "phone", "notes"))
            yield Alter("contacts", id_, {**nothing, "erased": True, "seq": seq})
        case _:
            raise ValueError(f"{event.type} is no event of a contact")
