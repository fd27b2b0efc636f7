"""The master key is changed between two runs of a whole stack."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from asking import command
from rig import SAMPLE, all_skills, client_of
from servers import data_folder
from shared.refusal import Refusal
from totalaud.client import Client
from totalaud.errors import WorkflowFailed
from totalaud.pushing import pusher
from totalaud.stack import paths
from totalaud.stack.local import LocalStack
from totalaud.stack.server import NotReady

EMAIL, NAME = "ingrid.placeholt@example.org", "Ingrid Placeholt"
ARTIST = {"name": "Neon Harbour", "genre": "synthpop", "facts": [{"text": "They record at home"}]}


@asynccontextmanager
async def running(data: Path, user: UUID) -> AsyncIterator[Client]:
    """The stack as `totalaud up` runs it."""
    stack = LocalStack(data, data / "skills", push=pusher(lambda _: None))
    async with stack, await client_of(stack, user) as client:
        yield client


async def weather(data: Path, **faults: object) -> None:
    """Order faults for every call of the local model."""
    port = (data / "model.port").read_text().strip()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/faults", json.dumps(faults).encode(), method="PUT"
    )
    await asyncio.to_thread(lambda: urllib.request.urlopen(request).read())


@pytest.mark.timeout(240)
async def test_all_that_was_there_is_read_retried_and_erased_under_another_master_key():
    user = uuid4()
    with data_folder() as data:
        all_skills(data / "skills")
        async with running(data, user) as client:
            await client.records.load("contacts", SAMPLE.read_bytes())
            id_ = await client.contact_id(EMAIL)
            person = {"id": str(id_), "name": NAME, "outlet": "Northern Static"}
            pitch = [{"skill": "generate-pitch", "input": {"contacts": [person], "artistInfo": ARTIST}}]
            written = (await client.run("coach-agent", pitch)).id
            before = (await client.outcome(written)).outputs
            assert NAME.split(maxsplit=1)[0] in json.dumps(before)
            await weather(data, error_rate=1, error_status=500)
            broken = (await client.run("coach-agent", pitch, fresh=True)).id
            with pytest.raises(WorkflowFailed):
                await client.outcome(broken)

        old = paths.master_key_file(data).read_text()
        done = await command("rekey", "--data", str(data))
        assert done.code == 0, done.err
        assert paths.master_key_file(data).read_text() != old

        async with running(data, user) as client:
            assert (await client.outcome(written)).outputs == before
            assert (await client.run("coach-agent", pitch, session_id=written)).duplicate
            await client.retry(broken)
            assert NAME.split(maxsplit=1)[0] in json.dumps((await client.outcome(broken)).outputs)
            again = await client.records.load("contacts", SAMPLE.read_bytes())
            assert again["imported"] == 0
            await client.tables.caught_up(again["seq"])
            assert NAME in [row["name"] for row in await client.records.rows("contacts", limit=1000)]
            erased = await client.records.erase(EMAIL)
            await client.tables.caught_up(erased["seq"])
            assert NAME.split(maxsplit=1)[0] not in json.dumps((await client.outcome(written)).outputs)

        paths.master_key_file(data).write_text(old)
        with pytest.raises(NotReady, match="another master key"):
            async with running(data, user):
                pass


async def test_nothing_starts_on_a_change_that_broke_off():
    with data_folder() as data:
        file = paths.master_key_file(data)
        file.with_name("master.key.new").write_text("11" * 32)
        with pytest.raises(Refusal, match="'totalaud rekey' once more goes on with it"):
            await LocalStack(data, data).start()
