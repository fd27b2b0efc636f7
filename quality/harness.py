"""Runs shipped skills in process, as a worker runs them: their own files, real SQL, schemas checked."""

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from projector.ddl import ddl
from quality import world
from shared.definitions import SkillDefinition
from shared.schema import prepare, problems
from skill_runner.context import Context
from skill_runner.plain import plain
from skill_runner.skillfile import SkillFiles
from skill_runner.tables import Blocking, ReadModel
from totalaud.skillfiles import load
from totalaud.stack import paths
from totalaud.stack.postgres import Postgres
from totalaud.stack.server import Server

SKILLS = Path(__file__).parents[1] / "skills"
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


class Misfit(Exception):  # noqa: N818 - what it says
    """An input or output breaks the skill's own schema."""


class Bench:
    """A read model to fill and the shipped custom skills to run on it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._definitions = {skill.name: skill for skill in load(SKILLS).skills}
        self._files = SkillFiles(SKILLS)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="skill")
        self._tables = Blocking(ReadModel(url))

    def definition(self, skill: str) -> SkillDefinition:
        return self._definitions[skill]

    async def load(self, rows: world.Rows) -> None:
        """Add rows to the tables, e.g. `{"contacts": [...], "pitches": [...]}`."""
        connection = await asyncpg.connect(self.url)
        try:
            await world.load(connection, rows)
        finally:
            await connection.close()

    async def execute(self, sql: str, *values: Any) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(sql, *values)
        finally:
            await connection.close()

    async def run(self, skill: str, given: dict[str, Any], *, user: UUID, now: datetime = NOW) -> Any:
        """Return the skill's output; raises Misfit, and what the skill raises."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._run, skill, given, user, now)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._tables.close)
        self._thread.shutdown()

    def _run(self, skill: str, given: dict[str, Any], user: UUID, now: datetime) -> Any:
        definition = self._definitions[skill]
        value, _ = prepare(definition.input_schema, json.loads(json.dumps(plain(given))))
        _fit(skill, "input", definition.input_schema, value)
        run = self._files.function(skill, definition.python_hash or "")
        context = Context(user, now, tables=self._tables, log_seq=0, wait_s=0)
        output = json.loads(json.dumps(plain(run(value, context)), allow_nan=False))
        _fit(skill, "output", definition.output_schema, output)
        return output


def _fit(skill: str, side: str, schema: dict[str, Any], value: Any) -> None:
    if found := problems(schema, value):
        raise Misfit(f"{skill}: {side}: {'; '.join(map(str, found[:5]))}")


async def make_tables(url: str) -> None:
    """Make the read model's tables in an empty database."""
    connection = await asyncpg.connect(url)
    try:
        for statement in ddl():
            await connection.execute(statement)
    finally:
        await connection.close()


@asynccontextmanager
async def database() -> AsyncIterator[str]:
    """An embedded PostgreSQL with the read model's tables, gone afterwards; its URL."""
    with paths.throwaway("quality") as data:
        kind = Postgres(data, data / "logs")
        server = Server(kind, data / "logs")
        await server.start()
        try:
            await make_tables(kind.url)
            yield kind.url
        finally:
            await server.stop()


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """A bench on a PostgreSQL of its own."""
    async with database() as url:
        made = Bench(url)
        try:
            yield made
        finally:
            await made.close()
