"""Operations that are killed at their points, and then done again, on real servers."""

import os
import shutil
from pathlib import Path

import pytest

from backupstage import MASTER_KEY, NAME, Office, here, there
from killing import killable
from servers import execute
from shared import streams
from shared.refusal import Refusal
from shared.vault import migrate
from totalaud.backup import manifest as manifests
from totalaud.backup.whole import restore_into
from totalaud.stack import paths

__all__ = ["here", "there"]
SOME, LAST = 6, 6


def spread(points: int) -> range:
    """Return some of them, from the first to near the last: each takes as long as the whole."""
    return range(1, points, max(1, points // SOME))


async def put_back(data: str, folder: str) -> None:
    os.sync = lambda: None
    await restore_into(Path(data), Path(folder))


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
