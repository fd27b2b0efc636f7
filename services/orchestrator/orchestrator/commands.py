"""The public commands: one handler behind both doors. A command that cannot be done raises Refusal."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from uuid import UUID, uuid4, uuid5

from msgspec import Struct

from orchestrator.asked import Cancel, Command, SetSessionBudget, Start
from orchestrator.budgets import Budgets
from orchestrator.follow import Follow
from orchestrator.sessions import Decided, Sessions
from orchestrator.starts import Starts
from shared import bodies, commands
from shared.bodies import read
from shared.commands import (
    CancelExecution,
    CancelSession,
    ExecuteSkill,
    Page,
    ReadBudget,
    ReadExecution,
    ReadSession,
    RetrySession,
    RunSession,
    SetBudget,
)
from shared.json import dumps
from shared.log import Log, Past, TooLarge, read_until
from shared.one_by_one import OneByOne
from shared.refusal import Refusal, too_large
from shared.sealing import people_in
from shared.subjects import Aggregate, execution, session

ANSWER_BYTES = 4_000_000
RANDOM = (4, 7)
MOST_VALUES = 125_000
LARGE = 65_536
OnWhatThereIs = TypeVar("OnWhatThereIs", commands.Cancel, RetrySession, SetBudget)
Json = dict[str, Any]


class Sent(Struct, frozen=True):
    """A command as it came in.

    `name` tells its message from all others: an id that the command leaves out is made from it, so a message
    that is delivered again is the same command. Without a name each message is a command of its own.
    `traceparent` is the sender's span: the session's span stands right below it.
    """

    user: UUID
    noun: str
    verb: str
    body: bytes
    name: str | None
    cause: str
    traceparent: str | None = None

    def id_or(self, given: UUID | None) -> UUID:
        """Return the id that was given, else one made from the name, else a random one."""
        return given or (uuid5(self.user, self.name) if self.name else uuid4())

    def with_id(self, command: OnWhatThereIs) -> OnWhatThereIs:
        """Return the command with a `command_id`, given or made from the name, so that it is done once."""
        if command.command_id or self.name is None:
            return command
        return command.model_copy(update={"command_id": str(self.id_or(None))})


class Handled(Struct, frozen=True):
    """The answer, and the literals that came with the command."""

    answer: Json
    literals: tuple[Json, ...] = ()

    @property
    def personal(self) -> bool:
        """Whether the message held personal values: it is erased from the queue then."""
        return bool(people_in(list(self.literals)))


@dataclass(frozen=True, slots=True)
class Commands:
    """Large ones of a user, and pages of a past, go one by one: each may take half a second of CPU."""

    sessions: Sessions
    starts: Starts
    follow: Follow
    budgets: Budgets
    log: Log
    large: OneByOne = field(default_factory=OneByOne)
    pages: OneByOne = field(default_factory=OneByOne)

    async def handle(self, sent: Sent) -> Handled:
        if len(sent.body) < LARGE:
            return await self._handle(sent)
        async with self.large.of(sent.user):
            return await self._handle(sent)

    async def _handle(self, sent: Sent) -> Handled:
        match sent.noun, sent.verb:
            case "session", "run":
                return await self._run(sent)
            case "skill", "execute":
                return await self._execute(sent)
            case "session", "cancel":
                body = parse(sent.body)
                ended = read(CancelSession, body)
                aggregate = session(sent.user, ended.session_id)
                if await self.log.is_of_another_user(aggregate):
                    raise Refusal("not_found", "session_id", "you have no such session")
                return await self._cancel(sent, aggregate, ended, body)
            case "skill", "cancel":
                body = parse(sent.body)
                alone = read(CancelExecution, body)
                return await self._cancel(sent, execution(sent.user, alone.execution_id), alone, body)
            case "session", "retry":
                return await self._retry(sent)
            case "budget", "set":
                return await self._set_budget(sent)
            case "budget", "get":
                read(ReadBudget, parse(sent.body))
                return Handled(await self.budgets.get(sent.user))
            case "session", "events":
                which = read(ReadSession, parse(sent.body))
                return await self._events(session(sent.user, which.session_id), which)
            case "skill", "events":
                one = read(ReadExecution, parse(sent.body))
                return await self._events(execution(sent.user, one.execution_id), one)
            case _:
                raise Refusal(
                    "unknown_command",
                    "subject",
                    f"there is no {sent.noun}.{sent.verb}; there are session.run, session.cancel, "
                    "session.retry, session.events, skill.execute, skill.cancel, skill.events, "
                    "budget.set and budget.get",
                )

    async def _run(self, sent: Sent) -> Handled:
        body = parse(sent.body)
        command = read(RunSession, body)
        aggregate = session(sent.user, sent.id_or(command.session_id))
        if command.session_id is not None and await self.is_taken(aggregate):
            raise Refusal(
                "conflict", "session_id", "the id is another user's: derive it from the user's id too"
            )
        fingerprint = await self.starts.fingerprint(body, "session_id")
        check = partial(self.starts.run, sent.user, command, fingerprint)
        return await self._start(sent, aggregate, fingerprint, check)

    async def _execute(self, sent: Sent) -> Handled:
        body = parse(sent.body)
        command = read(ExecuteSkill, body)
        id_ = sent.id_or(command.execution_id)
        if command.session_id is not None:
            beside = await self.sessions.newest(session(sent.user, command.session_id))
            if not beside.session.steps:
                raise Refusal(
                    "not_found", "session_id", "you have no such session: leave it out, or name yours"
                )
        fingerprint = await self.starts.fingerprint(body, "execution_id")
        check = partial(self.starts.execute, sent.user, command, fingerprint)
        return await self._start(sent, execution(sent.user, id_), fingerprint, check)

    async def is_taken(self, aggregate: Aggregate) -> bool:
        """Tell whether the id that somebody chose for a session is another user's: tables have each id once.

        Nobody hits upon a random one, so starts under those do not read the log.
        """
        return aggregate.uuid.version not in RANDOM and await self.log.is_of_another_user(aggregate)

    async def _start(
        self, sent: Sent, aggregate: Aggregate, fingerprint: str, check: Callable[[], Awaitable[Start]]
    ) -> Handled:
        """A repetition is answered even if its skill or agent has changed since."""
        try:
            start = await check()
        except Refusal:
            known = await self.sessions.newest(aggregate)
            if known.session.fingerprint != fingerprint:
                raise
            return Handled(_answer(aggregate, Decided(known, ())))
        decided = await self._decide(aggregate, start, sent, supposed_new=True)
        return Handled(_answer(aggregate, decided), (start.input, *(step.input for step in start.steps)))

    async def _cancel(
        self, sent: Sent, aggregate: Aggregate, command: commands.Cancel, body: Json
    ) -> Handled:
        command = sent.with_id(command)
        cancel = Cancel(command.reason, command.command_id, await self._fingerprint(command, body))
        return Handled(_answer(aggregate, await self._decide(aggregate, cancel, sent)))

    async def _retry(self, sent: Sent) -> Handled:
        body = parse(sent.body)
        command = sent.with_id(read(RetrySession, body))
        aggregate = session(sent.user, command.session_id)
        known = await self.sessions.newest(aggregate)
        retry = await self.starts.retry(
            sent.user, known.session, command, await self._fingerprint(command, body)
        )
        decided = Decided(known, ()) if retry is None else await self._decide(aggregate, retry, sent)
        literals = tuple(step.input for step in retry.steps) if retry and command.input else ()
        return Handled(_answer(aggregate, decided), literals)

    async def _set_budget(self, sent: Sent) -> Handled:
        """A session's limit is its own; those of user and day are the ledger's."""
        body = parse(sent.body)
        command = sent.with_id(read(SetBudget, body))
        fingerprint = await self._fingerprint(command, body)
        if command.session_id is None:
            return Handled(await self.budgets.set(sent.user, command, fingerprint, sent.cause))
        aggregate = session(sent.user, command.session_id)
        wanted = SetSessionBudget(command.limit_usd, command.policy, command.command_id, fingerprint)
        decided = await self._decide(aggregate, wanted, sent)
        self.follow.look_again()
        return Handled(_answer(aggregate, decided))

    async def _fingerprint(
        self, command: commands.Cancel | RetrySession | SetBudget, body: Json
    ) -> str | None:
        """Return the fingerprint of a command on what there is; one without a `command_id` needs none."""
        if command.command_id is None:
            return None
        return await self.starts.fingerprint(body, "session_id", "command_id")

    async def _events(self, aggregate: Aggregate, wanted: Page) -> Handled:
        after = max(0, wanted.from_seq - 1)
        async with self.pages.of(aggregate.user):
            past = await self._page(aggregate, after, wanted.limit)
        commits: list[Json] = []
        size = 0
        for recorded in past.recorded:
            commit = {"seq": recorded.seq, **recorded.commit.told()}
            size += len(dumps(commit))
            if commits and size > ANSWER_BYTES:
                break
            commits.append(commit)
        more = past.more or len(past.recorded) > len(commits)
        next_seq = commits[-1]["seq"] + 1 if commits else wanted.from_seq
        return Handled(
            {f"{aggregate.noun}_id": aggregate.id, "commits": commits, "more": more, "next_seq": next_seq}
        )

    async def _page(self, aggregate: Aggregate, after: int, most: int) -> Past:
        """Read what there is by now: who has had a session go on is not told of its end before that."""
        last = await self.log.at_least(aggregate)
        return await read_until(
            lambda past: past.more or max(past.seq, after) >= last,
            partial(self.log.page, aggregate, after, most=most, most_bytes=ANSWER_BYTES),
        )

    async def _decide(
        self, aggregate: Aggregate, command: Command, sent: Sent, *, supposed_new: bool = False
    ) -> Decided:
        try:
            decided = await self.sessions.decide(
                aggregate,
                command,
                cause=sent.cause,
                traceparent=sent.traceparent,
                supposed_new=supposed_new,
            )
        except TooLarge as error:
            raise too_large(error.size, error.limit) from None
        await self.follow.decided(aggregate, decided)
        return decided


def parse(body: bytes) -> Json:
    """Read a command's body."""
    value = bodies.parse(body)
    if not isinstance(value, dict):
        raise Refusal("invalid", None, "the body must be a JSON object")
    if len(body) > MOST_VALUES and _has_too_many(value):
        raise Refusal("too_large", None, f"it holds more than {MOST_VALUES} texts, lists and objects")
    return value


def _has_too_many(value: Json) -> bool:
    """Tell whether to check, seal, store and read it would take so long that others wait."""
    waiting: list[Any] = [value]
    found = 0
    while waiting and found <= MOST_VALUES:
        inner = waiting.pop()
        parts = inner.values() if isinstance(inner, dict) else inner
        for part in parts:
            if isinstance(part, dict | list):
                waiting.append(part)
            found += isinstance(part, str)
        found += 1
    return found + len(waiting) > MOST_VALUES


def _answer(aggregate: Aggregate, decided: Decided) -> Json:
    session_ = decided.known.session
    return {
        f"{aggregate.noun}_id": aggregate.id,
        "seq": decided.known.seq,
        "accepted": bool(session_.steps) and session_.status != "refused",
        "duplicate": not decided.events,
        "status": session_.status,
    }
