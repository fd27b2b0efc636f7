"""A whole stack for a test: real servers, our services as processes, shipped skills and the tests' own."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
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
OWN = ROOT / "tests" / "skills" / "tester"
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
    shutil.copytree(OWN, folder / "tester")
    return folder


def plain_skills(folder: Path) -> Path:
    """Copy the tests' own skills that ask no model: for them a skill-runner imports no provider's SDK.

    That is two thirds of the CPU time that its start takes.
    """
    agent = shutil.copytree(OWN, folder / "tester", ignore=shutil.ignore_patterns("write*")) / "agent.yaml"
    agent.write_text(re.sub(r"write[a-z-]*, ", "", agent.read_text()))
    shutil.copy(ROOT / "skills" / "types.yaml", folder)
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
    copied: Callable[[Path], Path] = all_skills,
    skills: Path | None = None,
    data: Path | None = None,
    **env: str,
) -> AsyncIterator[LocalStack]:
    """Start everything; stop everything at the end, also when the test fails.

    Its skills are a copy of its own, or those of a folder.

    Where its services are traced, so are this process's clients; that ends with the stack.
    """
    with (
        nullcontext(data) if data else data_folder() as home,
        environment(**({"TOTALAUD_ACK_WAIT_S": ACK_WAIT_S} | env)),
    ):
        folder = skills or copied(home / "skills")
        stack = LocalStack(home, folder, runners=runners, orchestrators=orchestrators, push=push)
        try:
            await stack.start()
            yield stack
        finally:
            await stack.stop()
            await asyncio.to_thread(telemetry.shutdown)
