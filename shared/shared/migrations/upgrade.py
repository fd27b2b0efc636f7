"""Runs the migrations of schema `vault`, in one transaction that the whole database takes turns for."""

from pathlib import Path
from typing import Any

import asyncpg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

SCHEMA = "vault"
TURN = 0x746F74616C617564


async def upgrade(database_url: str, revision: str = "head") -> None:
    """Go forward to `revision`; nothing happens when it is there already."""

    async def connect() -> Any:
        return await asyncpg.connect(database_url, timeout=5)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("select pg_advisory_xact_lock(:turn)"), {"turn": TURN})
            await connection.execute(text(f"create schema if not exists {SCHEMA}"))
            await connection.run_sync(_migrate, revision)
    finally:
        await engine.dispose()


def _migrate(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)

    def steps(current: Any, _context: Any) -> Any:
        return scripts._upgrade_revs(revision, current)  # noqa: SLF001 - as alembic's own command.upgrade does

    with EnvironmentContext(config, scripts, fn=steps, destination_rev=revision) as environment:
        environment.configure(connection=connection, version_table_schema=SCHEMA)
        with environment.begin_transaction():
            environment.run_migrations()
