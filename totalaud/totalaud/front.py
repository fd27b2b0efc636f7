"""The seed's functions: each connects, does one thing, and closes."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import aclosing
from typing import Any
from uuid import UUID

from totalaud.client import Client
from totalaud.errors import SkillFailed, WorkflowFailed
from totalaud.given import Id, as_id
from totalaud.logged import Logged
from totalaud.record import Record
from totalaud.results import SkillResult, WorkflowResult

REMEMBERED = 10_000
_written: OrderedDict[UUID, int] = OrderedDict()


async def run_agent_workflow(
    agent: str,
    user_id: Id,
    steps: Iterable[Mapping[str, Any]],
    *,
    input: dict[str, Any] | None = None,  # noqa: A002 - the command's own word
    session_id: Id | None = None,
    fresh: bool = False,
    budget: dict[str, Any] | None = None,
) -> WorkflowResult:
    """Run a workflow to its end: `.session_id`, `.outputs`. Raises WorkflowFailed, which carries them too.

    The keywords are those of `Client.run`.
    """
    async with await Client.connect(user=user_id) as client:
        accepted = await client.run(
            agent, steps, input=input, session_id=session_id, fresh=fresh, budget=budget
        )
        _remember(accepted.id, accepted.seq)
        try:
            result = await client.outcome(accepted.id)
        except WorkflowFailed as failed:
            _remember(failed.session_id, failed.seq)
            raise
        _remember(result.session_id, result.seq)
        return result


async def execute_skill(
    skill: str,
    input: dict[str, Any],  # noqa: A002 - the seed's word
    user_id: Id,
    session_id: Id | None = None,
    *,
    fresh: bool = False,
    budget: dict[str, Any] | None = None,
) -> SkillResult:
    """Run one skill to its end: `.output` and the fields of the execution trace. Raises SkillFailed.

    The keywords are those of `Client.execute`.
    """
    async with await Client.connect(user=user_id) as client:
        accepted = await client.execute(skill, input, session_id=session_id, fresh=fresh, budget=budget)
        try:
            result = await client.skill_outcome(accepted.id)
        except SkillFailed as failed:
            _remember(session_id, failed.seq)
            raise
        _remember(session_id, result.seq)
        return result


async def get_agent_session(session_id: Id) -> Record:
    """Return a session with its steps, at least as new as what this process has seen of it (`Client.get`)."""
    async with await Client.connect() as client:
        return await client.get(session_id, min_seq=_seen(session_id))


async def get_session_cost(session_id: Id) -> Record:
    """Return {session_id, total_tokens, total_cost_usd, duration_ms}."""
    async with await Client.connect() as client:
        await client.tables.caught_up(_seen(session_id))
        return await client.cost(session_id)


async def get_execution_trace(session_id: Id) -> list[Record]:
    """Return for each attempt {skill_name, input, output, duration_ms, tokens_used, cost_usd, status, …}."""
    async with await Client.connect() as client:
        await client.tables.caught_up(_seen(session_id))
        return await client.executions(session_id)


async def watch(session_id: Id, user_id: Id, from_seq: int = 0) -> AsyncGenerator[Logged, None]:
    """Yield the session's commits from a sequence on, live, missing none, until it has ended."""
    async with (
        await Client.connect(user=user_id) as client,
        aclosing(client.watch(session_id, from_seq)) as commits,
    ):
        async for commit in commits:
            _remember(session_id, commit.seq)
            yield commit


def _seen(session_id: Id) -> int:
    return _written.get(as_id(session_id, "session_id"), 0)


def _remember(session_id: Id | None, seq: int) -> None:
    if session_id is None:
        return
    key = as_id(session_id, "session_id")
    _written[key] = max(seq, _written.get(key, 0))
    _written.move_to_end(key)
    while len(_written) > REMEMBERED:
        _written.popitem(last=False)
