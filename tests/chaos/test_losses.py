"""One store is lost at a time: what the other holds, and a backup, bring it back."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import psutil
import pytest

from asking import command, totalaud
from check import check
from load import Load, alone
from rig import SAMPLE, plain_skills, running_stack
from servers import data_folder
from shared.jetstream_log import JetStreamLog
from shared.record_events import ContactImported
from shared.subjects import contact
from totalaud.client import Client
from totalaud.pushing import pusher
from totalaud.stack.local import LocalStack
from totalaud.stack.postgres import Postgres

KEPT, ERASED = "ingrid.placeholt@example.org", "owen.mockridge@example.org"
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


@asynccontextmanager
async def running(data: Path, user: UUID, *sessions: str) -> AsyncIterator[Load]:
    """The stack as `totalaud up` runs it, with these sessions: tables of another log are rebuilt."""
    stack = LocalStack(data, data / "skills", push=pusher(lambda _: None))
    await stack.start()
    try:
        load = await alone(stack, user)
        load.sessions += sessions
        load.persons += contacts(SAMPLE)
        yield load
        await load.client.close()
    finally:
        await stack.stop()


def contacts(file: Path) -> list[str]:
    return file.read_text().splitlines()[1:]


async def names(client: Client) -> list[str]:
    """The names of the one who was kept and the one who was erased, as the log has them."""
    found = []
    for email in (KEPT, ERASED):
        past = await JetStreamLog(client.bus).load(contact(client.user, await client.contact_id(email)))
        imported = next(event for event in past.events if isinstance(event, ContactImported))
        found.append(str(await client.open(client.user, imported.name)))
    return found


async def work(load: Load) -> None:
    await load.end(await load.start([{"skill": "count", "input": {"numbers": [1, 2]}}]))
    assert load.failed == {}


@pytest.mark.timeout(180)
async def test_each_store_that_is_lost_comes_back_from_the_other_and_a_backup(tmp_path: Path):
    user, backup = uuid4(), tmp_path / "backup"
    with data_folder() as data:
        plain_skills(data / "skills")
        async with running(data, user) as load:
            client = load.client
            await client.records.load("contacts", SAMPLE.read_bytes())
            await work(load)
            assert (await totalaud(load.stack, user, "backup", str(backup))).code == 0
            await work(load)
            await client.records.erase(ERASED)
            before, after = load.sessions

        shutil.rmtree(Postgres(data, data / "logs").files)
        done = await command("restore", str(backup), "--only", "vault", "--data", str(data))
        assert done.code == 0, done.err
        async with running(data, user, before, after) as load:
            await check(load)
            assert await names(load.client) == ["Ingrid Placeholt", "[erased]"]

        shutil.rmtree(data / "nats")
        done = await command("restore", str(backup), "--data", str(data))
        assert done.code == 0, done.err
        async with running(data, user, before) as load:
            await check(load)
            assert await names(load.client) == ["Ingrid Placeholt", "[erased]"]

            await drop_tables(load.stack)
            await work(load)
            await check(load)


async def drop_tables(stack: LocalStack) -> None:
    connection = await asyncpg.connect(stack.place.database_url)
    try:
        for row in await connection.fetch(TABLES):
            await connection.execute(f"DROP TABLE IF EXISTS public.{row['tablename']} CASCADE")
    finally:
        await connection.close()


@pytest.mark.timeout(120)
async def test_a_start_whose_rebuild_breaks_off_goes_on_with_the_old_tables():
    """The projector dies as one does that has too little memory."""
    told: list[str] = []
    killing: list[asyncio.Task[None]] = []

    async def kill_the_projector() -> None:
        [projector] = [psutil.Process(one.pid) for one in stack.status() if one.name == "projector"]
        while not projector.children():
            await asyncio.sleep(0.01)
        await stack.kill("projector")

    def say(line: str) -> None:
        told.append(line)
        if line.startswith("nothing is projected"):
            killing.append(asyncio.create_task(kill_the_projector()))

    async with running_stack(copied=plain_skills) as stack:
        await older_tables(stack)
        await pusher(say)(stack)
        await asyncio.gather(*killing)
        assert told[-1].startswith("nothing is rebuilt: the rebuild broke off, the old tables stay")
        await pusher(told.append)(stack)
        assert told[-1] == "the tables are rebuilt"


async def older_tables(stack: LocalStack) -> None:
    """Have the projector find tables of another release."""
    connection = await asyncpg.connect(stack.place.database_url)
    try:
        await connection.execute("UPDATE checkpoint SET shape = 'older'")
    finally:
        await connection.close()
    await stack.halt("projector")
    await stack.resume("projector")
