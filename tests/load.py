"""Load and kills, and what must be true after them."""

import asyncio
import json
import random
import urllib.request
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg

from projected import assert_folded
from projector.projection import read
from projector.reader import page
from rig import client_of
from shared.events import AnyEvent, AttemptRequested, AttemptStarted
from shared.refusal import Refusal
from totalaud.client import Client
from totalaud.errors import Unreachable
from totalaud.results import WorkflowResult
from totalaud.stack.local import LocalStack

OPEN = "SELECT count(*) FROM outstanding"
RUNNING = "SELECT count(*) FROM skill_executions WHERE status IS NULL"
STEP_S = (0.2, 1.0)


@dataclass(frozen=True)
class Load:
    """Sessions under way on a stack; the client's user owns them all."""

    stack: LocalStack
    client: Client
    sessions: tuple[str, ...]

    async def count(self, sql: str) -> int:
        connection = await asyncpg.connect(self.stack.place.database_url)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    async def busy(self, unfinished: int = 10) -> None:
        """Wait until an attempt is running; fail when too few sessions are left to mean anything."""
        async with asyncio.timeout(30):
            while await self.count(RUNNING) == 0:
                await asyncio.sleep(0.05)
        assert await self.count(OPEN) >= unfinished, "the load was over before the kills"

    async def kill(self, *names: str, times: int = 3) -> None:
        """Kill each in turn, every time with at least ten sessions unfinished and an attempt running."""
        for _ in range(times):
            for name in names:
                await self._alive(name)
                await self.busy()
                await self.stack.kill(name)
                await asyncio.sleep(0.3)

    async def _alive(self, name: str) -> None:
        async with asyncio.timeout(30):
            while not any(one.name == name and one.pid for one in self.stack.status()):
                await asyncio.sleep(0.05)

    async def all_complete(self, seconds: float = 120) -> None:
        async with asyncio.timeout(seconds):
            results = await asyncio.gather(*(self._outcome(one) for one in self.sessions))
        assert {result.status for result in results} == {"completed"}

    async def _outcome(self, session_id: str) -> WorkflowResult:
        """A client gives up on a service that is away for seconds; who asks again is answered."""
        while True:
            with suppress(Unreachable):
                return await self.client.outcome(session_id)

    async def projected(self) -> None:
        async with asyncio.timeout(30):
            while await self._lag():
                await asyncio.sleep(0.1)

    async def _lag(self) -> int:
        with suppress(Unreachable, Refusal):
            return (await self.client.operator.projection_status())["lag"]
        return 1

    async def calls(self) -> Counter[str]:
        """Return how often the local model was called for each attempt."""
        return Counter(await self._model("/calls"))

    async def events(self) -> list[AnyEvent]:
        """Return all of the log."""
        found: list[AnyEvent] = []
        after = 0
        while entries := await page(self.client.bus, after + 1):
            for entry in entries:
                commit = read(entry).commit
                assert commit is not None
                found += commit.events
            after = entries[-1].seq
        return found

    async def check_rows(self) -> None:
        """Each attempt has exactly one row, and each is settled."""
        requested = {one.attempt_id for one in await self.events() if isinstance(one, AttemptRequested)}
        connection = await asyncpg.connect(self.stack.place.database_url)
        try:
            rows = await connection.fetch("SELECT id, status FROM skill_executions")
        finally:
            await connection.close()
        assert {row["id"] for row in rows} == requested
        assert len(rows) == len(requested)
        assert {row["status"] for row in rows} <= {"success", "error"}

    async def check_fold(self) -> None:
        """Every column of every row is what the folded log says."""
        await assert_folded(self.client.bus, self.stack.place.database_url)

    async def check_calls(self) -> None:
        """No attempt was paid twice, and every call is an attempt of the log."""
        calls = await self.calls()
        started = {str(one.attempt_id) for one in await self.events() if isinstance(one, AttemptStarted)}
        assert set(calls.values()) <= {1}
        assert set(calls) <= started

    async def _model(self, path: str) -> dict[str, int]:
        url = f"{self.stack.place.model_url}{path}"
        with await asyncio.to_thread(urllib.request.urlopen, url) as answer:
            return json.loads(answer.read())["by_key"]


async def begin(stack: LocalStack, sessions: int = 50) -> Load:
    """Start sessions whose steps last 0.2 to 1 s, custom and paid ones."""
    client = await client_of(stack, uuid4())
    await asyncio.to_thread(_slow_model, stack)
    chance = random.Random(sessions)
    started = [await client.run("tester", _steps(chance)) for _ in range(sessions)]
    return Load(stack, client, tuple(one.id for one in started))


def _steps(chance: random.Random) -> list[dict[str, Any]]:
    return [
        {"skill": "count", "input": {"numbers": [1, 2, 3]}},
        {"skill": "write", "input": {"topic": "a single"}},
        {"skill": "sleep", "input": {"seconds": round(chance.uniform(*STEP_S), 2)}},
        {"skill": "write-twice", "input": {"topic": "{{step2.text}}"}},
    ]


def _slow_model(stack: LocalStack) -> None:
    low, high = STEP_S
    body = json.dumps({"latency_s": low, "latency_jitter_s": high - low}).encode()
    request = urllib.request.Request(f"{stack.place.model_url}/faults", data=body, method="PUT")
    urllib.request.urlopen(request).close()
