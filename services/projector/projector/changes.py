"""What a commit changes in the tables, as data: rows to add, rows to alter, amounts to count up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

SESSIONS, STEPS, EXECUTIONS = "agent_sessions", "agent_session_steps", "skill_executions"
Key = UUID | str | tuple[str, UUID]


@dataclass(frozen=True, slots=True)
class Add:
    table: str
    key: Key
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Alter:
    table: str
    key: Key
    values: Mapping[str, Any] = field(default_factory=dict)
    amounts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remove:
    table: str
    key: Key


@dataclass(frozen=True, slots=True)
class Close:
    session_id: UUID
    status: str


@dataclass(frozen=True, slots=True)
class Reopen:
    session_id: UUID
    from_step: int


@dataclass(frozen=True, slots=True)
class Settle:
    name: str


Change = Add | Alter | Remove | Close | Reopen | Settle


def step_row_id(session_id: UUID, step: int) -> UUID:
    return uuid5(session_id, f"step/{step}")
