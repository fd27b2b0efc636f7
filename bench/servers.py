"""Servers that contenders share or start: embedded NATS and PostgreSQL, databases, anything with a port."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from bench.reached import tables_at
from totalaud.stack import paths
from totalaud.stack.nats import Nats
from totalaud.stack.ports import LOOPBACK
from totalaud.stack.postgres import Postgres
from totalaud.stack.process import Program
from totalaud.stack.server import Kind, Server


@dataclass(frozen=True, slots=True)
class Database:
    """A running PostgreSQL; `url` holds its password."""

    url: str
    pid: int


@dataclass(slots=True)
class Listening:
    """A kind of server that is ready once its ports are open."""

    name: str
    args: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    ports: tuple[int, ...]
    ready_within_s: float = 60.0

    async def prepare(self) -> Program:
        paths.make_folder(self.cwd)
        return Program(self.name, self.args, self.env, self.cwd)

    async def answers(self, _pid: int) -> bool:
        try:
            for port in self.ports:
                _, writer = await asyncio.open_connection(LOOPBACK, port)
                writer.close()
        except OSError:
            return False
        return True

    async def lives(self, pid: int) -> bool:
        return await self.answers(pid)

    def passes(self, _last_words: str) -> bool:
        return False


@asynccontextmanager
async def served(kind: Kind, logs: Path) -> AsyncIterator[int]:
    """Run it; its process id."""
    server = Server(kind, logs)
    await server.start()
    try:
        assert server.child is not None
        yield server.child.pid
    finally:
        await server.stop()


@asynccontextmanager
async def nats_server(data: Path, sync_interval: str) -> AsyncIterator[tuple[str, int]]:
    """Run an empty NATS; its URL and process id."""
    kind = Nats(paths.make_folder(data), sync_interval)
    async with served(kind, data / "logs") as pid:
        yield kind.url, pid


@asynccontextmanager
async def postgres_server(data: Path) -> AsyncIterator[Database]:
    kind = Postgres(paths.make_folder(data), data / "logs")
    async with served(kind, data / "logs") as pid:
        yield Database(kind.url, pid)


@asynccontextmanager
async def fresh_database(server: Database, name: str) -> AsyncIterator[str]:
    """Make an empty database, dropped afterwards; its URL. The server starts each from a checkpoint."""
    await _execute(server.url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await _execute(server.url, f"CREATE DATABASE {name}")
    await _execute(server.url, "CHECKPOINT")
    try:
        yield urlunsplit(urlsplit(server.url)._replace(path=f"/{name}"))
    finally:
        await _execute(server.url, f"DROP DATABASE {name} WITH (FORCE)")


async def fetch_value(url: str, sql: str) -> int:
    async with tables_at(url) as connection:
        return int(await connection.fetchval(sql))


async def _execute(url: str, sql: str) -> None:
    async with tables_at(url) as connection:
        await connection.execute(sql)
