"""Real servers for tests: those named by TOTALAUD_TEST_*_URL, else in containers if asked, else embedded."""

import asyncio
import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import nats as nats_py
import psutil
import pytest

from lastwords import LAST_WORDS
from totalaud.stack import paths
from totalaud.stack.nats import Nats
from totalaud.stack.orphans import Orphan
from totalaud.stack.postgres import Postgres
from totalaud.stack.server import Server

if TYPE_CHECKING:
    from containers import Contained

PREFIX = "totalaud-test-"
MEMORY, MOST_BYTES = Path("/dev/shm"), 4 << 30
DEAD_S = 30
HANG_UP = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Rig(Protocol):
    """A server under test; `kill` is `kill -9`, `start` and `restart` keep its port and its data."""

    url: str

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def kill(self) -> None: ...
    async def restart(self) -> None: ...
    async def stand_still(self, seconds: float) -> None: ...


class Embedded:
    def __init__(self, kind: Nats | Postgres, logs: Path) -> None:
        self.url = kind.url
        self.log = logs / f"{kind.name}.log"
        self._server = Server(kind, logs)

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()

    async def kill(self) -> None:
        """Kill its children too: PostgreSQL's lead groups of their own, and may answer once more."""
        child = self._server.child
        children = psutil.Process(child.pid).children(recursive=True) if child and child.code is None else []
        await self._server.kill()
        for orphan in children:
            with suppress(psutil.NoSuchProcess):
                orphan.kill()
        await dead(children)

    async def restart(self) -> None:
        await self._server.restart()

    async def stand_still(self, seconds: float) -> None:
        child = self._server.child
        assert child
        os.kill(child.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            os.kill(child.pid, signal.SIGCONT)


async def dead(processes: Iterable[psutil.Process]) -> None:
    """Wait until none of them does anything any more: whoever should reap them may never do so."""
    async with asyncio.timeout(DEAD_S):
        for orphan in map(Orphan, processes):
            while orphan.lives():
                await asyncio.sleep(0.02)


class Given:
    """A server somebody else runs: a test that has to stop it is skipped."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def start(self) -> None:
        pytest.skip("the server is not ours to start")

    async def stand_still(self, seconds: float) -> None:
        pytest.skip("the server is not ours to stop")

    stop = kill = restart = start


@contextmanager
def data_folder() -> Iterator[Path]:
    """A folder that PostgreSQL may use whoever runs the tests, removed at the end.

    It is locked before it gets its name: who finds one unlocked knows that its test session was killed.
    """
    base = _base()
    _remove_abandoned(base)
    name = uuid4().hex[:12]
    draft = paths.make_folder(base / f".{PREFIX}{name}")
    with (draft / "in-use").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = draft.rename(base / f"{PREFIX}{name}")
        LAST_WORDS.open(folder)
        failed = True
        try:
            yield folder
            failed = False
        finally:
            LAST_WORDS.close(folder, keep=failed)
            shutil.rmtree(folder)


def _base() -> Path:
    """Return the folder that TOTALAUD_TEST_DATA names, else one in memory where it has room, else on disk.

    What is killed here loses as little in memory as on disk, whose file system takes a third of all CPU
    where clusters and databases are made and removed again and again.
    """
    if given := os.environ.get("TOTALAUD_TEST_DATA"):
        return Path(given)
    if os.access(MEMORY, os.W_OK) and min(_free(MEMORY), psutil.virtual_memory().available) > MOST_BYTES:
        return MEMORY
    return paths.make_folder(paths.ROOT_DATA) if paths.is_root() else Path(tempfile.gettempdir())


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _remove_abandoned(base: Path) -> None:
    for mark in base.glob(f"{PREFIX}*/in-use"):
        try:
            with mark.open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(mark.parent, ignore_errors=True)
        except (BlockingIOError, PermissionError, FileNotFoundError):
            continue


@asynccontextmanager
async def running_nats() -> AsyncIterator[Rig]:
    """A NATS without any stream."""
    if given := os.environ.get("TOTALAUD_TEST_NATS_URL"):
        await _drop_streams(given)
        yield Given(given)
        return
    if os.environ.get("TOTALAUD_TEST_CONTAINERS"):
        from containers import nats_in

        with data_folder() as data:
            async with _contained(nats_in(data)) as rig:
                yield rig
        return
    with data_folder() as data:
        async with _embedded(Nats(data), data / "logs") as rig:
            yield rig


@asynccontextmanager
async def running_postgres() -> AsyncIterator[Rig]:
    if given := os.environ.get("TOTALAUD_TEST_DATABASE_URL"):
        yield Given(given)
        return
    if os.environ.get("TOTALAUD_TEST_CONTAINERS"):
        from containers import postgres

        async with _contained(postgres()) as rig:
            yield rig
        return
    with data_folder() as data:
        async with _embedded(Postgres(data, data / "logs"), data / "logs") as rig:
            yield rig


@asynccontextmanager
async def _embedded(kind: Nats | Postgres, logs: Path) -> AsyncIterator[Rig]:
    rig = Embedded(kind, logs)
    await rig.start()
    try:
        yield rig
    finally:
        await rig.stop()


@asynccontextmanager
async def _contained(rig: "Contained") -> AsyncIterator[Rig]:
    try:
        await rig.start()
        yield rig
    finally:
        await rig.remove()


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@asynccontextmanager
async def fresh_database(server_url: str, how: str = "") -> AsyncIterator[str]:
    """An empty database of its own on the server; its URL."""
    name = f"test_{uuid4().hex[:12]}"
    await _execute(server_url, f"CREATE DATABASE {name} TEMPLATE template0 {how}")
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        await _execute(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@asynccontextmanager
async def read_only(url: str) -> AsyncIterator[None]:
    """A database that takes no changes, as one that has become another one's copy; all have to connect anew.

    Who connected meanwhile goes on with a connection that takes none.
    """
    name = urlsplit(url).path[1:]
    await _execute(url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await _execute(url, HANG_UP)
    try:
        yield
    finally:
        await _execute(url, f"ALTER DATABASE {name} RESET default_transaction_read_only")


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url, server_settings={"default_transaction_read_only": "off"})
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _drop_streams(url: str) -> None:
    client = await nats_py.connect(url)
    try:
        js = client.jetstream()
        for stream in await js.streams_info():
            await js.delete_stream(str(stream.config.name))
    finally:
        await client.close()
