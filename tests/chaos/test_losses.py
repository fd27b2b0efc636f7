"""One store is lost at a time: what the other holds, and a backup, bring it back."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from asking import command, totalaud
from projected import assert_folded
from rig import SAMPLE, all_skills, client_of
from servers import data_folder
from shared.jetstream_log import JetStreamLog
from shared.record_events import ContactImported
from shared.subjects import contact
from totalaud.client import Client
from totalaud.contacts import import_csv
from totalaud.errors import Unreachable
from totalaud.pushing import pusher
from totalaud.stack.local import LocalStack
from totalaud.stack.postgres import Postgres

KEPT, ERASED = "ingrid.placeholt@example.org", "owen.mockridge@example.org"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


@asynccontextmanager
async def running(data: Path, user: UUID) -> AsyncIterator[tuple[LocalStack, Client]]:
    """The stack as `totalaud up` runs it: tables of another log are rebuilt."""
    stack = LocalStack(data, data / "skills", push=pusher(lambda _: None))
    await stack.start()
    try:
        async with await client_of(stack, user) as client:
            yield stack, client
    finally:
        await stack.stop()


async def names(client: Client) -> list[str]:
    """The names of the one who was kept and the one who was erased, as the log has them."""
    found = []
    for email in (KEPT, ERASED):
        past = await JetStreamLog(client.bus).load(contact(client.user, await client.contact_id(email)))
        imported = next(event for event in past.events if isinstance(event, ContactImported))
        found.append(str(await client.open(client.user, imported.name)))
    return found


async def work(client: Client) -> str:
    started = await client.run("tester", [{"skill": "count", "input": {"numbers": [1, 2]}}])
    assert (await client.outcome(started.id)).status == "completed"
    return started.id


async def folded(stack: LocalStack, client: Client) -> set[str]:
    """Wait for the tables to be the folded log; return the sessions in them."""
    last = (await client.bus.client.jetstream().stream_info("EVT")).state.last_seq
    async with asyncio.timeout(60):
        while True:
            try:
                await client.tables.caught_up(last)
                rows = await assert_folded(client.bus, stack.place.database_url)
            except (asyncpg.PostgresError, Unreachable):
                await asyncio.sleep(0.2)
            else:
                return {str(id_) for id_ in rows["agent_sessions"]}


@pytest.mark.timeout(240)
async def test_each_store_that_is_lost_comes_back_from_the_other_and_a_backup(tmp_path: Path):
    user, backup = uuid4(), tmp_path / "backup"
    with data_folder() as data:
        all_skills(data / "skills")
        async with running(data, user) as (stack, client):
            await import_csv(client.door, user, SAMPLE.read_bytes())
            before = await work(client)
            assert (await totalaud(stack, user, "backup", str(backup))).code == 0
            after = await work(client)
            await client.records.erase(ERASED)

        shutil.rmtree(Postgres(data, data / "logs").files)
        done = await command("restore", str(backup), "--only", "vault", "--data", str(data))
        assert done.code == 0, done.err
        async with running(data, user) as (stack, client):
            assert await folded(stack, client) == {before, after}
            assert await names(client) == ["Ingrid Placeholt", "[erased]"]

        shutil.rmtree(data / "nats")
        done = await command("restore", str(backup), "--data", str(data))
        assert done.code == 0, done.err
        async with running(data, user) as (stack, client):
            assert await folded(stack, client) == {before}
            assert await names(client) == ["Ingrid Placeholt", "[erased]"]

            await drop_tables(stack)
            again = await work(client)
            assert await folded(stack, client) == {before, again}


async def drop_tables(stack: LocalStack) -> None:
    connection = await asyncpg.connect(stack.place.database_url)
    try:
        for row in await connection.fetch(TABLES):
            await connection.execute(f"DROP TABLE IF EXISTS public.{row['tablename']} CASCADE")
    finally:
        await connection.close()
