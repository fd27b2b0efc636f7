"""The Python client: commands through NATS, history from the log, tables from PostgreSQL."""

import atexit
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, aclosing
from copy import copy
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, get_args
from uuid import UUID, uuid4

from shared import genai, telemetry
from shared.bus import Bus
from shared.refusal import Refusal
from shared.subjects import Aggregate, execution, session
from totalaud import tables
from totalaud.budgets import Budgets
from totalaud.callers_span import callers_span
from totalaud.connection import Connection
from totalaud.door import Door, connect
from totalaud.following import Page, ReadPage, follow, read_all
from totalaud.given import Id, as_contact, as_count, as_id, as_one_of, as_steps, stated
from totalaud.logged import Logged
from totalaud.opening import Opener
from totalaud.operator import Operator
from totalaud.outcome import Outcome
from totalaud.record import Record, Status, as_session
from totalaud.records import Records
from totalaud.results import Accepted, SkillResult, WorkflowResult
from totalaud.tables import Tables

Json = dict[str, Any]
Hear = Callable[[Logged], None]
Rows = list[Record]


class Client:
    """One connection, for one user; `acting_as` has another one speak over it.

    Use it as `async with await Client.connect() as client`, in one event loop. Refused commands raise
    `Refusal`, servers that are away `Unreachable`; it goes on by itself once they are back.
    """

    def __init__(self, connection: Connection, bus: Bus, user: UUID) -> None:
        self.user = user
        self.bus = bus
        self.door = Door(bus)
        self.operator = Operator(bus)
        self.tables = Tables(connection.database_url)
        self._opener = Opener(connection)
        self.open = self._opener.open
        self.records = Records(self.door, self.tables, self._opener, user)
        self.budgets = Budgets(self.door, self.tables, user)

    @classmethod
    async def connect(cls, connection: Connection | None = None, *, user: Id | None = None) -> "Client":
        """Connect to what the environment or a running `totalaud up` names; `user` is a UUID."""
        found = connection or Connection.find()
        acting = found.user() if user is None else as_id(user, "user")
        if telemetry.endpoint() is not None:
            telemetry.start("client")
            atexit.unregister(telemetry.shutdown)
            atexit.register(telemetry.shutdown)
        return cls(found, await connect(found.nats_url), acting)

    def acting_as(self, user: Id) -> "Client":
        """Return a client of another user over the same connections: closing one of them closes all.

        It costs nothing, so a program for many users makes one for each request. What is read from the tables
        by a session's id (`get`, `cost`, `executions`) may be anybody's: `known` refuses another user's.
        """
        other = copy(self)
        other.user = as_id(user, "user")
        other.records = Records(self.door, self.tables, self._opener, other.user)
        other.budgets = Budgets(self.door, self.tables, other.user)
        return other

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End all connections, whatever comes of the first ones."""
        self.door.loop.check()
        async with AsyncExitStack() as held:
            for one in (self.bus, self.tables, self._opener):
                held.push_async_callback(one.close)

    async def run(
        self,
        agent: str,
        steps: Iterable[Mapping[str, Any]],
        *,
        input: Json | None = None,  # noqa: A002 - the command's own word
        session_id: Id | None = None,
        fresh: bool = False,
        budget: Json | None = None,
    ) -> Accepted:
        """Start a workflow, return once it is on disk; a step is `{skill, input, description?, id?, fresh?}`.

        `fresh` is for all steps: each is run, even if the same question was answered before. A `budget` is
        `{limit_usd, policy?}`, see `totalaud.budgets`.
        """
        asked = {"agent": agent, "steps": as_steps(steps, {"fresh": True} if fresh else {})}
        how = stated(input=input, budget=budget)
        aggregate = self._session(uuid4() if session_id is None else session_id)
        return await self._command(aggregate, "run", {**asked, **how})

    async def execute(
        self,
        skill: str,
        input: Json,  # noqa: A002 - the command's own word
        *,
        session_id: Id | None = None,
        execution_id: Id | None = None,
        fresh: bool = False,
        budget: Json | None = None,
    ) -> Accepted:
        """Start one skill alone; a `session_id` files it beside a session of the same user.

        `fresh` and `budget` as for `run`.
        """
        beside = None if session_id is None else as_id(session_id, "session_id")
        how = stated(session_id=beside, fresh=fresh or None, budget=budget)
        aggregate = self._execution(uuid4() if execution_id is None else execution_id)
        return await self._command(aggregate, "execute", {"skill": skill, "input": input, **how})

    async def cancel(self, session_id: Id, *, reason: str | None = None) -> Accepted:
        return await self._cancel(self._session(session_id), reason)

    async def cancel_skill(self, execution_id: Id, *, reason: str | None = None) -> Accepted:
        """Stop a skill that runs alone."""
        return await self._cancel(self._execution(execution_id), reason)

    async def retry(
        self,
        session_id: Id,
        *,
        from_step: int | None = None,
        input: Json | None = None,  # noqa: A002 - the command's own word
        command_id: Id | None = None,
    ) -> Accepted:
        """Go on under the same id from the failed step or another, if wished with another input for it.

        The same `command_id` again is the same command, also where the session has failed once more.
        """
        given = stated(command_id=command_id or uuid4(), from_step=from_step, input=input)
        return await self._command(self._session(session_id), "retry", given)

    def watch(self, session_id: Id, from_seq: int = 0) -> AsyncGenerator[Logged, None]:
        """Yield the session's commits from a sequence on, live, missing none, until it has ended.

        One that is not there is waited for. `contextlib.aclosing` ends at once what is left early.
        """
        return self._follow(self._session(session_id), as_count(from_seq, "from_seq"))

    async def events(self, session_id: Id, from_seq: int = 0) -> AsyncGenerator[Logged, None]:
        """Yield what the log holds of the session now."""
        async for commit in read_all(self._reader(self._session(session_id)), from_seq):
            yield await self._opened(commit)

    async def known(self, session_id: Id) -> None:
        """Refuse a session that the log does not have (yet), or that belongs to another user."""
        await self._known(self._session(session_id))

    async def known_skill(self, execution_id: Id) -> None:
        """Refuse an execution of a skill alone that the log does not have (yet), or of another user."""
        await self._known(self._execution(execution_id))

    async def outcome(self, session_id: Id, *, hear: Hear | None = None) -> WorkflowResult:
        """Wait for the end and return the result; raises WorkflowFailed.

        `hear` is given each commit, from the first one on, as `watch` yields them.
        """
        aggregate = self._session(session_id)
        return WorkflowResult.of(self.user, aggregate.uuid, await self._folded(aggregate, hear))

    async def ended(self, session_id: Id, *, hear: Hear | None = None) -> Outcome:
        """Wait for the end and return how it went, whether it completed or not; `hear` as for `outcome`."""
        return await self._folded(self._session(session_id), hear)

    async def skill_outcome(self, execution_id: Id, *, hear: Hear | None = None) -> SkillResult:
        """Wait for the end of a skill that runs alone; raises SkillFailed; `hear` as for `outcome`."""
        aggregate = self._execution(execution_id)
        return SkillResult.of(self.user, aggregate.uuid, await self._folded(aggregate, hear))

    async def get(self, session_id: Id, *, user: Id | None = None, min_seq: int | None = None) -> Record:
        """Return a session with its steps; waits for the projection to reach `min_seq`.

        With a `user`, only a session of theirs.
        Fields: the columns of agent_sessions; `total_duration` (sum of the steps, ms) and `total_cost`;
        `steps` with the columns of agent_session_steps and the seed's `skill` and `duration`; `model_calls`,
        each with its price.
        """
        id_ = as_id(session_id, "session_id")
        if min_seq is not None:
            await self.tables.caught_up(as_count(min_seq, "min_seq"))
        row = await self.tables.session(id_)
        if row is None or (user is not None and row["user_id"] != as_id(user, "user")):
            raise Refusal("not_found", "session_id", f"no session {id_} in the read model (yet)")
        steps = await self.tables.rows(tables.STEPS, id_)
        owner = row["user_id"]
        found = as_session(await self.open(owner, row), await self.open(owner, steps))
        found["model_calls"] = [Record.of(call) for call in await self.tables.rows(tables.MODEL_CALLS, id_)]
        return found

    async def list(self, *, user: Id | None = None, status: str | None = None, limit: int = 20) -> Rows:
        """Return the newest sessions, of all users by default: agent_sessions without its payloads."""
        of = None if user is None else as_id(user, "user")
        in_status = None if status is None else as_one_of(str(status), get_args(Status), "status")
        found = await self.tables.rows(tables.SESSIONS, of, in_status, as_count(limit, "limit"))
        return [Record.of(row) for row in found]

    async def skills(self) -> Rows:
        """Return the skills of the read model: rows of `skills`."""
        return [Record.of(row) for row in await self.tables.rows(tables.SKILLS)]

    async def cost(self, session_id: Id) -> Record:
        """Return exactly {session_id, total_tokens, total_cost_usd, duration_ms}."""
        id_ = as_id(session_id, "session_id")
        row = await self.tables.row(tables.COST, id_)
        if row is None:
            raise Refusal("not_found", "session_id", f"no session {id_} in the read model (yet)")
        return Record.of(row)

    async def executions(self, session_id: Id) -> Rows:
        """Return the execution trace: a row of skill_executions for each attempt of the session."""
        rows = await self.tables.rows(tables.EXECUTIONS, as_id(session_id, "session_id"))
        return [Record.of(await self.open(row["user_id"], row)) for row in rows]

    async def contact_id(self, contact: Id) -> UUID:
        """Return the id of a contact that is named by id or e-mail address."""
        named = as_contact(contact)
        return named if isinstance(named, UUID) else await self._opener.person_of(self.user, named)

    def _session(self, session_id: Id) -> Aggregate:
        return session(self.user, as_id(session_id, "session_id"))

    def _execution(self, execution_id: Id) -> Aggregate:
        return execution(self.user, as_id(execution_id, "execution_id"))

    async def _cancel(self, aggregate: Aggregate, reason: str | None) -> Accepted:
        return await self._command(aggregate, "cancel", {"reason": reason, "command_id": str(uuid4())})

    async def _ask(self, aggregate: Aggregate, verb: str, body: Json) -> Json:
        named = {f"{aggregate.noun}_id": aggregate.id}
        return await self.door.ask(self.user, _door_of(aggregate), verb, {**named, **body})

    async def _command(self, aggregate: Aggregate, verb: str, body: Json) -> Accepted:
        """Ask under a span that says which session is meant: a retry or a cancel is no part of its tree."""
        whose, name = {genai.CONVERSATION: aggregate.id}, f"{_door_of(aggregate)}.{verb}"
        with telemetry.span(name, parent=callers_span(), kind="client", attributes=whose):
            return Accepted.of(await self._ask(aggregate, verb, body), aggregate.id)

    async def _known(self, aggregate: Aggregate) -> None:
        if not (await self._ask(aggregate, "events", {"limit": 1}))["commits"]:
            why = f"user {self.user} has no {aggregate.noun} {aggregate.id}"
            raise Refusal("not_found", f"{aggregate.noun}_id", why)

    async def _folded(self, aggregate: Aggregate, hear: Hear | None) -> Outcome:
        state = Outcome()
        async with aclosing(self._follow(aggregate, 0)) as commits:
            async for commit in commits:
                state = state.take(commit)
                if hear:
                    hear(commit)
        return state

    async def _follow(self, aggregate: Aggregate, from_seq: int) -> AsyncGenerator[Logged, None]:
        self.door.loop.check()
        read, answered = self._reader(aggregate), self.door.answered
        async with aclosing(follow(self.bus, aggregate, read, from_seq, answered=answered)) as commits:
            async for commit in commits:
                yield await self._opened(commit)

    def _reader(self, aggregate: Aggregate) -> ReadPage:
        async def read(from_seq: int) -> Page:
            page = await self._ask(aggregate, "events", {"from_seq": from_seq})
            return [Logged.of(commit) for commit in page["commits"]], bool(page["more"])

        return read

    async def _opened(self, commit: Logged) -> Logged:
        return replace(commit, events=tuple(await self.open(self.user, list(commit.events))))


def _door_of(aggregate: Aggregate) -> str:
    return "skill" if aggregate.noun == "execution" else aggregate.noun
