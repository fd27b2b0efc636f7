"""A whole stack for a test: real servers, our services as processes, shipped skills and the tests' own."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from uuid import UUID

from servers import data_folder
from shared import telemetry
from totalaud.client import Client
from totalaud.connection import Connection
from totalaud.skillfiles import load
from totalaud.stack.local import LocalStack

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "skills" / "scout" / "example" / "contacts.csv"
ACK_WAIT_S = "2"
ECHO = {"skill": "echo", "description": "say it", "input": {"text": "hello"}}
COUNT = {"skill": "count", "input": {"numbers": [1, 2]}}
FAIL_PARTLY = {"skill": "fail-partly", "input": {"until": 3}}


@contextmanager
def environment(**changes: str) -> Iterator[None]:
    """Set environment variables for the processes that are started meanwhile."""
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def all_skills(folder: Path) -> Path:
    """Copy the shipped skills and the tests' own into one folder."""
    shutil.copytree(ROOT / "skills", folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "skills" / "tester", folder / "tester")
    return folder


async def push(stack: LocalStack) -> None:
    loaded = load(stack.skills)
    assert not loaded.problems
    async with await client_of(stack) as client:
        await client.operator.push(loaded.skills, loaded.agents)


async def client_of(stack: LocalStack, user: UUID | None = None) -> Client:
    return await Client.connect(Connection.of(stack), user=user)


@asynccontextmanager
async def running_stack(
    *,
    runners: int = 1,
    orchestrators: int = 1,
    skills: Path | None = None,
    data: Path | None = None,
    **env: str,
) -> AsyncIterator[LocalStack]:
    """Start everything; stop everything at the end, also when the test fails.

    Where its services are traced, so are this process's clients; that ends with the stack.
    """
    with (
        nullcontext(data) if data else data_folder() as home,
        environment(**({"TOTALAUD_ACK_WAIT_S": ACK_WAIT_S} | env)),
    ):
        folder = skills or all_skills(home / "skills")
        stack = LocalStack(home, folder, runners=runners, orchestrators=orchestrators, push=push)
        try:
            await stack.start()
            yield stack
        finally:
            await stack.stop()
            await asyncio.to_thread(telemetry.shutdown)
