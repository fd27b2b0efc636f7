"""A NATS without room acknowledges nothing falsely, loses nothing, and goes on once it has some."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from check import check
from load import Load, alone
from rig import plain_skills, push, running_stack
from servers import data_folder
from shared.refusal import Refusal
from totalaud.errors import Unreachable
from totalaud.stack import room
from totalaud.stack.local import LocalStack
from totalaud.stack.nats import Nats
from totalaud.stack.postgres import Postgres
from totalaud.stack.process import Program
from totalaud.stack.server import Server

pytestmark = pytest.mark.timeout(240)
MB = 1_000_000
BIG = {"skill": "count", "input": {"numbers": [1, 2], "padding": "x" * 400_000}}
DISK, FREE_AT_LAST = 400 * MB, 6 * MB


class SmallNats(Nats):
    """A NATS that may take only so much of the disk."""

    limit = 12 * MB

    async def prepare(self) -> Program:
        program = await super().prepare()
        config = self.store.with_name("nats.conf")
        limited = re.sub(r"max_file_store: \d+", f"max_file_store: {self.limit}", config.read_text())
        config.write_text(limited)
        return program


async def fill(load: Load, seconds: float = 150) -> str:
    """Start sessions until NATS stores no more; return the id of one that was not accepted."""
    id_ = str(uuid4())
    async with asyncio.timeout(seconds):
        while not said(load.stack, "orchestrator"):
            try:
                await load.client.run("tester", [BIG, BIG], session_id=id_)
            except (Refusal, Unreachable):
                continue
            load.sessions.append(id_)
            id_ = str(uuid4())
    return id_


async def all_complete(load: Load, refused: str) -> None:
    """Start the one that was refused again, and see that nothing of all is lost."""
    assert load.sessions
    await load.start([BIG, BIG], refused)
    await asyncio.gather(*(load.end(id_) for id_ in load.sessions))
    assert load.failed == {}
    await check(load)


def said(stack: LocalStack, service: str) -> bool:
    return "NATS stores nothing" in (stack.logs / f"{service}.log").read_text()


async def eventually(holds: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.1)


@pytest.fixture
async def small() -> AsyncIterator[tuple[SmallNats, Server]]:
    with data_folder() as data:
        kind = SmallNats(data)
        server = Server(kind, data / "logs")
        await server.start()
        yield kind, server
        await server.stop()


async def test_a_store_that_is_full_refuses_and_goes_on_with_more_room(small: tuple[SmallNats, Server]):
    kind, server = small
    async with running_stack(copied=plain_skills, TOTALAUD_NATS_URL=kind.url) as stack:
        load = await alone(stack)
        refused = await fill(load)
        with pytest.raises(Refusal, match="no room"):
            await load.client.run("tester", [BIG, BIG], session_id=refused)
        kind.limit = 200 * MB
        await server.restart()
        await all_complete(load, refused)
        await load.client.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root can mount a disk of its own")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", tmp_path], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("no disk can be mounted here")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "--lazy", tmp_path], check=True)


@asynccontextmanager
async def stack_on(disk: Path, heard: list[str]) -> AsyncIterator[LocalStack]:
    skills = plain_skills(disk / "skills")
    stack = LocalStack(disk / "data", skills, push=push)
    try:
        await stack.start(heard.append)
        yield stack
    finally:
        await stack.stop()
        shutil.rmtree(Postgres(stack.data, stack.logs).files.parent)


async def test_a_disk_that_was_full_loses_nothing_and_nats_is_started_anew(
    disk: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(room, "ENOUGH", 50 * MB)
    monkeypatch.setattr(room, "LOOK_EVERY_S", 0.5)
    monkeypatch.setenv("TOTALAUD_ACK_WAIT_S", "2")
    heard: list[str] = []
    async with stack_on(disk, heard) as stack:
        load = await alone(stack)
        await load.end(await load.start([BIG]))
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(shutil.disk_usage(disk).free - FREE_AT_LAST))
        refused = await fill(load)
        await eventually(lambda: any("is full" in line for line in heard))
        ballast.unlink()
        await eventually(lambda: any("there is room again" in line for line in heard))
        await all_complete(load, refused)
        await load.client.close()
