"""A backup of a stack under load: all else is lost, and the backup is enough."""

import asyncio
import json
import os
import random
import shutil
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from asking import Told, command, totalaud
from check import check, projected
from load import Load, alone, steps
from rig import SAMPLE, client_of, running_stack
from servers import data_folder
from shared.jetstream_log import JetStreamLog
from shared.json import dumps
from shared.record_events import ContactImported
from shared.subjects import cmd, contact
from totalaud.client import Client
from totalaud.stack import paths

pytestmark = pytest.mark.timeout(180)
ERASED, ERASED_LATER, KEPT = (
    f"{name}@example.org" for name in ("mara.samplewood", "owen.mockridge", "ingrid.placeholt")
)
SESSIONS, QUEUED = 30, 10
CALL_S = (0.2, 12.0)
OPEN = "SELECT count(*) FROM outstanding"


@dataclass(frozen=True)
class Story:
    """What was there at the backup, and the same on the stack that was restored from it."""

    after: Load
    backup: Told
    last_seq: int
    open_at_backup: int
    known: set[str]
    acted_as: UUID


async def name_of(load: Load, email: str) -> str:
    """Open the name that the log holds, as somebody does who has not seen it before."""
    async with await client_of(load.stack, load.client.user) as client:
        past = await JetStreamLog(client.bus).load(contact(client.user, await client.contact_id(email)))
        imported = next(event for event in past.events if isinstance(event, ContactImported))
        return str(await client.open(client.user, imported.name))


async def queue(client: Client) -> tuple[str, ...]:
    """Queue sessions, as many without an id; they are on disk, perhaps not handled yet. Return the ids."""
    body = {"agent": "tester", "steps": [{"skill": "count", "input": {"numbers": [1, 2]}}]}
    ids = [str(uuid4()) for _ in range(QUEUED)]
    for id_ in ids:
        for sent in (body, {**body, "session_id": id_}):
            await client.bus.publish(cmd(client.user, "session", "run"), dumps(sent))
    return tuple(ids)


@pytest.fixture(scope="module")
async def story(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    folder = tmp_path_factory.mktemp("backups") / "today"
    with data_folder() as data:
        async with running_stack(runners=2) as stack:
            before = await alone(stack)
            client, chance = before.client, random.Random(0)
            await before.provider.slow(*CALL_S)
            imported = await client.records.load("contacts", SAMPLE.read_bytes())
            await client.records.erase(ERASED)
            await asyncio.gather(*(before.start(steps(chance)) for _ in range(SESSIONS)))
            before.sessions += await queue(client)
            while not await before.provider.in_the_air():
                await asyncio.sleep(0.02)
            backup = await totalaud(stack, client.user, "backup", str(folder))
            acted_as, open_at_backup = paths.user_id(stack.data), await before.count(OPEN)
            await client.records.erase(ERASED_LATER)
            shutil.copy(stack.data / "master.key", data / "master.key")
            for one in stack.status():
                if one.pid:
                    os.kill(one.pid, signal.SIGKILL)
            await client.close()
        restore = await command("restore", str(folder), "--data", str(data))
        assert restore.code == 0, restore.err
        async with running_stack(data=data, runners=2) as stack:
            after = await alone(stack, client.user)
            known = set(before.sessions)
            await asyncio.gather(*(after.end(id_) for id_ in known))
            await projected(after)
            while await after.count(OPEN):
                await asyncio.sleep(0.1)
            after.sessions += [str(row["id"]) for row in await after.client.list(limit=1000)]
            after.persons += [KEPT] * imported["imported"]
            yield Story(
                after,
                backup,
                json.loads((folder / "manifest.json").read_text())["streams"]["EVT"]["state"]["last_seq"],
                open_at_backup,
                known,
                acted_as,
            )
            await after.client.close()


async def test_sessions_were_under_way_when_it_was_taken(story: Story):
    assert story.backup.code == 0, story.backup.err
    assert story.open_at_backup >= 10


async def test_every_session_accepted_before_it_completes(story: Story):
    assert story.known <= set(story.after.sessions)
    assert story.after.failed == {}


async def test_log_tables_and_calls_agree_after_it_and_no_attempt_is_paid_twice(story: Story):
    await check(story.after, since=story.last_seq)


async def test_what_was_queued_without_an_id_was_done_once(story: Story):
    assert len(story.after.sessions) == len(story.known) + QUEUED


async def test_a_sealed_name_opens_again(story: Story):
    assert await name_of(story.after, KEPT) == "Ingrid Placeholt"


async def test_who_was_erased_before_it_stays_erased(story: Story):
    assert await name_of(story.after, ERASED) == "[erased]"
    client = story.after.client
    report = await client.records.load("contacts", SAMPLE.read_bytes())
    assert [(error["line"], "erased" in error["message"]) for error in report["errors"]] == [(2, True)]


async def test_who_was_erased_after_it_is_known_to_no_backup_and_has_to_be_erased_again(story: Story):
    assert await name_of(story.after, ERASED_LATER) == "Owen Mockridge"
    assert (await story.after.client.records.erase(ERASED_LATER))["erased"]
    assert await name_of(story.after, ERASED_LATER) == "[erased]"


async def test_the_command_line_acts_as_the_same_user_again(story: Story):
    assert paths.user_id(story.after.stack.data) == story.acted_as
