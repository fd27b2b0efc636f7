"""Constant load on a whole stack, and kills under it."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg

from provider import Provider, billing_provider
from rig import client_of, running_stack
from shared.refusal import Refusal
from totalaud.client import Client
from totalaud.errors import Unreachable, WorkflowFailed
from totalaud.stack.local import LocalStack

STEP_S = (0.2, 1.0)
AT_ONCE = 20
BUSY = 10
IMPORT_EVERY_S = 0.1
REST_S = 120
MODEL = "model-server"
T = TypeVar("T")


@dataclass
class Load:
    """Sessions that one user has run, so many at once for as long as it goes on, and contacts of theirs.

    `failed` tells why those sessions failed that did, `may_fail` why they may beside lost attempts and money;
    `persons` are the contacts whose import was answered.
    """

    stack: LocalStack
    client: Client
    provider: Provider
    sessions: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    persons: list[str] = field(default_factory=list)
    may_fail: frozenset[str] = frozenset()
    under_way: int = 0
    _going: bool = False
    _users: list[asyncio.Task[None]] = field(default_factory=list)
    _chance: random.Random = field(default_factory=lambda: random.Random(0))

    def begin(self, at_once: int = AT_ONCE) -> None:
        self._going = True
        self._users = [asyncio.create_task(self._run_sessions()) for _ in range(at_once)]
        self._users.append(asyncio.create_task(self._import_contacts()))

    async def rest(self) -> None:
        """Begin nothing more, and wait for the end of what is under way."""
        self._going = False
        async with asyncio.timeout(REST_S):
            await asyncio.gather(*self._users)

    async def abandon(self) -> None:
        """Wait for nothing: whoever was waiting is gone."""
        for user in self._users:
            user.cancel()
        await asyncio.gather(*self._users, return_exceptions=True)

    async def busy(self) -> None:
        """Wait until `BUSY` sessions are under way, and a call is being answered."""
        async with asyncio.timeout(REST_S):
            while self.under_way < BUSY or not await self.provider.in_the_air():
                await asyncio.sleep(0.02)

    async def kill(self, name: str) -> int:
        """Kill a process that lives, under load; return its process id."""
        while True:
            await self.busy()
            pid = self._pid(name)
            if pid is not None:
                await self.stack.kill(name)
                return pid
            await asyncio.sleep(0.05)

    async def all_alive(self) -> None:
        async with asyncio.timeout(REST_S):
            while not all(one.pid for one in self.stack.status()):
                await asyncio.sleep(0.05)

    def targets(self) -> list[str]:
        """All that can be killed: whatever runs but the model server, which stands for somebody else's."""
        return [one.name for one in self.stack.status() if one.name != MODEL]

    async def count(self, sql: str) -> int:
        connection = await asyncpg.connect(self.stack.place.database_url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    def _pid(self, name: str) -> int | None:
        return next(one.pid for one in self.stack.status() if one.name == name)

    async def start(self, steps: list[dict[str, Any]], id_: str | None = None) -> str:
        """Return the session's id once it is accepted."""
        id_ = id_ or str(uuid4())
        await patiently(lambda: self.client.run("tester", steps, session_id=id_))
        self.sessions.append(id_)
        return id_

    async def end(self, id_: str) -> None:
        """Wait for the end of a session, and note why it failed."""
        try:
            await patiently(lambda: self.client.outcome(id_))
        except WorkflowFailed as failed:
            self.failed[id_] = failed.code

    async def _run_sessions(self) -> None:
        while self._going:
            id_ = await self.start(steps(self._chance))
            self.under_way += 1
            try:
                await self.end(id_)
            finally:
                self.under_way -= 1

    async def _import_contacts(self) -> None:
        user, door = self.client.user, self.client.door
        for number in count(len(self.persons)):
            if not self._going:
                return
            email = f"person-{number}@example.org"
            rows = {"rows": [{"name": f"Person {number}", "email": email, "type": "radio"}]}
            await patiently(lambda rows=rows: door.ask(user, "contacts", "import", rows))
            self.persons.append(email)
            await asyncio.sleep(IMPORT_EVERY_S)


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until somebody answers: what is killed is away for seconds, and asking again is harmless."""
    while True:
        try:
            return await ask()
        except Unreachable:
            continue
        except Refusal as refusal:
            if refusal.code != "unavailable":
                raise
            await asyncio.sleep(0.1)


async def alone(stack: LocalStack, user: UUID | None = None) -> Load:
    """Return what a stack without a provider can bear: its own model's calls cost nothing."""
    client = await client_of(stack, user or uuid4())
    return Load(stack, client, Provider(stack.place.model_url, simulated=True))


@asynccontextmanager
async def loaded(**how: Any) -> AsyncIterator[Load]:
    """A stack (see `rig.running_stack`) whose calls of models are billed; its load is still to begin."""
    async with billing_provider() as provider, running_stack(**provider.environment, **how) as stack:
        await provider.slow(*STEP_S)
        async with await client_of(stack, uuid4()) as client:
            load = Load(stack, client, provider)
            yield load
            await load.abandon()


def steps(chance: random.Random) -> list[dict[str, Any]]:
    return [
        {"skill": "count", "input": {"numbers": [1, 2, 3]}},
        {"skill": "write", "input": {"topic": "a single"}},
        {"skill": "sleep", "input": {"seconds": round(chance.uniform(*STEP_S), 2)}},
        {"skill": "write-again", "input": {"topic": "{{step2.text}}"}},
    ]
