"""The public commands on sessions, skills and budgets: bodies of `ask.` and `cmd.`, checked by pydantic."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from shared.ledger_events import Policy
from shared.message import Message, Unreadable

StepName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]
Reason = Annotated[str, Field(max_length=500)]
Json = dict[str, Any]


class StepInput(Message):
    """One step of a workflow; `id` may be used in templates beside `stepN`. `fresh`: run it in any case."""

    skill: Annotated[str, Field(min_length=1, max_length=64)]
    input: Json
    description: Annotated[str, Field(max_length=500)] | None = None
    id: StepName | None = None
    fresh: bool = False


Limit = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=9)]


class SessionBudget(Message):
    """What a session may spend, US dollars, and whether a step that would exceed it fails or waits."""

    limit_usd: Limit | None
    policy: Policy = "fail"


class RunSession(Message):
    """`session.run`: start a workflow. A `session_id` makes a repetition harmless."""

    session_id: UUID | None = None
    agent: Annotated[str, Field(min_length=1, max_length=64)]
    steps: Annotated[tuple[StepInput, ...], Field(min_length=1, max_length=100, fail_fast=True)]
    input: Json | None = None
    budget: SessionBudget | None = None


class ExecuteSkill(Message):
    """`skill.execute`: run one skill alone; `session_id` only files it beside a session of the same user."""

    execution_id: UUID | None = None
    skill: Annotated[str, Field(min_length=1, max_length=64)]
    input: Json
    session_id: UUID | None = None
    fresh: bool = False
    budget: SessionBudget | None = None


class Cancel(Message):
    """What is done stays, what runs is aborted; the reason is kept in the log."""

    reason: Reason | None = None
    command_id: Annotated[str, Field(max_length=128)] | None = None


class CancelSession(Cancel):
    """`session.cancel`."""

    session_id: UUID


class CancelExecution(Cancel):
    """`skill.cancel`: of a skill that runs alone."""

    execution_id: UUID


class RetrySession(Message):
    """`session.retry`: go on from the failed step or `from_step`, if wished with another input for it."""

    session_id: UUID
    from_step: Annotated[int, Field(ge=1)] | None = None
    input: Json | None = None
    command_id: Annotated[str, Field(max_length=128)] | None = None


class SetBudget(Message):
    """`budget.set`: of the user all in all, of each day (UTC), or of a session; null takes the limit away.

    A policy that is left out stays as it was.
    """

    limit_usd: Limit | None
    policy: Policy | None = None
    scope: Literal["user", "day", "session"]
    session_id: UUID | None = None
    command_id: Annotated[str, Field(max_length=128)] | None = None

    @model_validator(mode="after")
    def _one_of_all(self) -> Self:
        if (self.scope == "session") != (self.session_id is not None):
            raise Unreadable("session_id", "names the session whose budget is set, and only then is given")
        return self


class ReadBudget(Message):
    """`budget.get`."""


class Page(Message):
    """Commits from a log sequence on, at most `limit`."""

    from_seq: Annotated[int, Field(ge=0, lt=2**63)] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 1000


class ReadSession(Page):
    """`session.events`."""

    session_id: UUID


class ReadExecution(Page):
    """`skill.events`: those of a skill that runs alone."""

    execution_id: UUID
