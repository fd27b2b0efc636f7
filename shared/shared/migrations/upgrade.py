"""Brings schema `vault` to its newest revision, in one transaction; concurrent starts take turns."""

import asyncio
from importlib import import_module
from pathlib import Path
from typing import Any

import asyncpg

from shared.own_settings import NEWEST, PATIENT
from shared.reaching import postgres
from shared.refusal import Refusal
from shared.suited import check, suiting

SCHEMA = "vault"
TURN = 0x746F74616C617564
CONNECT_S = 5.0
FOLDER = Path(__file__).parent
TOOLS = ("alembic.command", "sqlalchemy.ext.asyncio")


async def upgrade(database_url: str) -> None:
    """Nothing is loaded and nothing happens when it is there already.

    Raises what asyncpg raises, and Refusal for a server that will not do, or a vault of a newer release.
    """
    found, newest = await _revision(database_url), _newest()
    if found is not None and found > newest:
        raise Refusal("another_release", SCHEMA, "the vault is of a newer release: run that one")
    if found != newest:
        await _upgrade(database_url)


def _newest() -> str:
    """Revision 0001 is the file v0001_….py."""
    return max(path.name[1:5] for path in (FOLDER / "versions").glob("v*.py"))


async def _revision(database_url: str) -> str | None:
    with suiting():
        connection = await postgres(database_url, timeout=CONNECT_S, server_settings=PATIENT)
    try:
        await check(connection)
        found: str | None = await connection.fetchval("select version_num from vault.alembic_version")
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return None
    finally:
        await connection.close(timeout=CONNECT_S)
    return found


async def _upgrade(database_url: str) -> None:
    """Load what takes a second beside the loop: who is told to stop meanwhile shall hear of it."""
    for tool in TOOLS:
        await asyncio.to_thread(import_module, tool)

    from alembic import command
    from alembic.config import Config
    from sqlalchemy import Connection, text
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    async def connect() -> Any:
        return await postgres(database_url, timeout=CONNECT_S, server_settings=NEWEST)

    def migrate(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes.update(connection=connection, schema=SCHEMA)
        command.upgrade(config, "head")

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(text("select pg_advisory_xact_lock(:turn)"), {"turn": TURN})
            await connection.execute(text(f"create schema if not exists {SCHEMA}"))
            await connection.run_sync(migrate)
    except DBAPIError as error:
        raise (error.orig and error.orig.__cause__) or error from None
    finally:
        await engine.dispose()
