"""Operations that are killed at their points, and then done again, on real servers."""

import asyncio
import os
import shutil
from pathlib import Path

import asyncpg
import pytest

from backupstage import MASTER_KEY, NAME, USER, Office, here, there
from killing import killable
from servers import execute
from shared import streams
from shared.refusal import Refusal
from shared.vault import migrate
from totalaud.backup import manifest as manifests
from totalaud.backup.taking import back_up
from totalaud.backup.whole import restore_into
from totalaud.connection import Connection
from totalaud.rekey.whole import rekey
from totalaud.stack import paths

__all__ = ["here", "there"]
SOME, LAST, WRITING = 6, 6, 16


def spread(points: int) -> range:
    """Return some of them, from the first to near the last: each takes as long as the whole."""
    return range(1, points, max(1, points // SOME))


async def take(nats_url: str, database_url: str, folder: str) -> None:
    await back_up(Connection(nats_url, database_url, Path(folder).parent), Path(folder))


async def put_back(data: str, folder: str) -> None:
    os.sync = lambda: None
    await restore_into(Path(data), Path(folder))


async def change(data: str) -> None:
    await rekey(Path(data))


async def test_what_a_backup_that_was_killed_has_left_is_gone_with_the_next_one(here: Office, tmp_path: Path):
    await here.add()
    others = tmp_path / ".photos.backup-0123abcd"
    others.mkdir()
    today, left = tmp_path / "today", set[str]()
    async with killable(take, here.nats_url, here.database_url, today) as taking:
        points = await taking.whole()
        shutil.rmtree(today)
        for point in spread(points):
            await taking.killed_at(point)
            left |= {file.name for file in tmp_path.glob(".today.*/*")}
            if today.exists():
                manifests.read(today)
                shutil.rmtree(today)
    await here.back_up(today)
    assert "vault.jsonl" in left
    assert not [*tmp_path.glob(".today.*/*")]
    assert others.exists()


async def test_a_backup_that_is_being_written_is_left_alone_by_another_one(
    here: Office, there: Office, tmp_path: Path
):
    await streams.provision(there.bus, ack_wait_s=5)
    await migrate(there.database_url)
    holding = await asyncpg.connect(here.database_url)
    async with holding.transaction():
        await holding.execute("lock table vault.keys")
        writing = asyncio.create_task(here.back_up(tmp_path / "first"))
        async with asyncio.timeout(30):
            while not [*tmp_path.glob("*/vault.jsonl")]:
                await asyncio.sleep(0.02)
        await there.back_up(tmp_path / "second")
    await holding.close()
    assert manifests.read(await writing).release == manifests.read(tmp_path / "second").release


async def test_a_restore_that_was_killed_can_be_run_again_until_all_is_there_and_who_acts_too(
    here: Office, there: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TOTALAUD_NATS_URL", there.nats_url)
    monkeypatch.setenv("TOTALAUD_DATABASE_URL", there.database_url)
    monkeypatch.setenv("TOTALAUD_MASTER_KEY", MASTER_KEY.hex())
    monkeypatch.setattr(os, "sync", lambda: None)
    id_, data, ended = await here.add(), tmp_path / "new", 0
    backup = await here.back_up(tmp_path / "backup")
    acting = manifests.read(backup).user
    await migrate(there.database_url)
    async with killable(put_back, data, backup) as putting:
        points = await putting.whole()
        for point in (*spread(points), *range(points - LAST, points)):
            shutil.rmtree(data, ignore_errors=True)
            await empty(there)
            await putting.killed_at(point)
            if await may_start(there):
                ended += 1
            else:
                await restore_into(data, backup)
            assert (await there.name(id_), paths.user_id(data)) == (NAME, acting), point
    assert ended


async def test_copies_of_a_master_key_that_a_killed_change_has_left_are_gone_with_the_next_one(
    here: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TOTALAUD_NATS_URL", here.nats_url)
    monkeypatch.setenv("TOTALAUD_DATABASE_URL", here.database_url)
    for name in ("MASTER_KEY", "MASTER_KEY_FILE", "NEW_MASTER_KEY", "NEW_MASTER_KEY_FILE"):
        monkeypatch.delenv(f"TOTALAUD_{name}", raising=False)
    file, left = tmp_path / "master.key", set[str]()
    file.write_text(MASTER_KEY.hex())
    await here.vault.make_keys(USER, [USER])
    async with killable(change, tmp_path) as changing:
        points = await changing.whole()
        for point in range(points - WRITING, points):
            await changing.killed_at(point)
            left |= {one.name[: -len("01234567")] for one in tmp_path.glob(".*")}
            await rekey(tmp_path)
            assert [one.name for one in tmp_path.iterdir()] == ["master.key"], point
    assert left == {".master.key.", ".master.key.new."}


async def empty(office: Office) -> None:
    js = office.bus.client.jetstream()
    for stream in await js.streams_info():
        await js.delete_stream(str(stream.config.name))
    await execute(office.database_url, "truncate vault.keys, vault.erased, vault.ids")


async def may_start(office: Office) -> bool:
    """Tell whether a service would start on the log that is there."""
    try:
        await streams.check(office.bus)
    except Refusal:
        return False
    return True
