"""Backups: what is in them, what is refused, and that what was copied comes back."""

import asyncio
import errno
import json
import os
import re
import signal
import sys
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from nats.aio.msg import Msg
from nats.errors import NoRespondersError

from backupstage import MASTER_KEY, USER, Office, backup, here, refused, there
from cluster import SIZE, running_cluster
from shared import streams
from shared.bus import Bus
from shared.direct_get import Page
from shared.hearing import hear
from shared.refusal import Refusal
from totalaud.backup import manifest as manifests
from totalaud.backup import snapshot, taking
from totalaud.backup.manifest import PAGE_BYTES, Written
from totalaud.backup.taking import back_up
from totalaud.connection import Connection
from totalaud.errors import Unreachable

__all__ = ["backup", "here", "there"]


async def test_its_files_are_its_owners_alone(backup: Path):
    assert backup.stat().st_mode & 0o777 == 0o700
    assert {file.name: file.stat().st_mode & 0o777 for file in backup.iterdir()} == dict.fromkeys(
        ("CMD.snapshot", "DLQ.snapshot", "EVT.snapshot", "manifest.json", "vault.jsonl"), 0o600
    )


async def test_it_says_by_which_day_its_keys_must_be_gone(backup: Path):
    manifest = manifests.read(backup)
    assert datetime.now(UTC) - manifest.created < timedelta(minutes=5)
    assert manifest.delete_by == manifest.created.date() + timedelta(days=30)
    sizes = {file.name: file.stat().st_size for file in backup.iterdir() if file.name != manifests.FILE}
    assert {name: copy.size for name, copy in manifest.files.items()} == sizes


async def test_it_says_how_many_keys_are_in_it_and_how_many_more_are_erased(here: Office, tmp_path: Path):
    await here.add()
    await here.add()
    for _ in range(3):
        await here.vault.erase(USER, uuid4())
    manifest = manifests.read(await here.back_up(tmp_path / "backup"))
    assert (manifest.keys, manifest.erased) == (2, 3)


async def test_the_queue_is_copied_before_the_log_and_the_keys_after_it(here: Office, tmp_path: Path):
    asked: list[str] = []
    await hear(here.bus.client, "$JS.API.STREAM.SNAPSHOT.*", lambda one: asked.append(one.subject[-3:]))
    backup = await here.back_up(tmp_path / "backup")
    assert asked == ["CMD", "EVT", "DLQ"]
    log, keys = (backup / name for name in ("EVT.snapshot", "vault.jsonl"))
    assert log.stat().st_mtime_ns <= keys.stat().st_mtime_ns


async def test_neither_the_master_key_nor_a_name_is_in_it(backup: Path, here: Office):
    held = b"".join(file.read_bytes() for file in backup.iterdir())
    assert not any(secret in held for secret in (MASTER_KEY, MASTER_KEY.hex().encode(), b"Zephyrine"))


async def test_a_folder_that_is_there_is_not_written_into(backup: Path, here: Office):
    error = await refused(here.back_up(backup))
    assert "exists already" in error.message


@pytest.mark.parametrize(
    ("lost", "page"),
    [(1, PAGE_BYTES), (3, PAGE_BYTES), (3, 1), (5, PAGE_BYTES)],
    ids=["its first", "one in its midst", "one of a later page", "its last"],
)
async def test_a_log_that_has_lost_a_commit_is_not_copied_as_if_whole(
    here: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: int, page: int
):
    monkeypatch.setattr(taking, "PAGE_BYTES", page)
    monkeypatch.setattr(taking, "BEHIND_S", 1)
    js = here.bus.client.jetstream()
    await js.delete_stream("EVT")
    await js.add_stream(streams.streams()[0].evolve(deny_delete=False))
    for _ in range(5):
        await here.add()
    await js.delete_msg("EVT", lost)
    await js.update_stream(streams.streams()[0])
    with pytest.raises(Refusal, match=f"has lost sequence {lost} of 5"):
        await here.back_up(tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


async def test_a_copy_of_the_log_that_is_behind_is_not_taken_for_one_that_has_lost_a_commit(
    here: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As in a cluster, where any node may answer that has the log."""
    await here.add()
    read, behind = taking.read_page, iter([Page([], more=False)])

    async def asked(*args: Any, **options: Any) -> Page:
        return next(behind, None) or await read(*args, **options)

    monkeypatch.setattr(taking, "read_page", asked)
    await here.back_up(tmp_path / "backup")
    assert next(behind, None) is None


async def test_a_log_of_many_pages_is_copied(here: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(taking, "PAGE_BYTES", 1)
    for _ in range(3):
        await here.add()
    backup = await here.back_up(tmp_path / "backup")
    assert manifests.read(backup).streams["EVT"].messages == 3


async def test_half_a_backup_is_never_seen(here: Office, tmp_path: Path):
    broken = Connection(here.nats_url, "postgresql://x@127.0.0.1:1/none", tmp_path / "data")
    with pytest.raises(Unreachable):
        await back_up(broken, tmp_path / "backup")
    assert not [path for path in tmp_path.iterdir() if "backup" in path.name]


async def test_a_script_is_told_what_stands_in_the_manifest(here: Office, tmp_path: Path):
    folder = tmp_path / "backup"
    servers = {"TOTALAUD_NATS_URL": here.nats_url, "TOTALAUD_DATABASE_URL": here.database_url}
    words = ("-m", "totalaud.cli", "--json", "--data", str(tmp_path / "data"), "backup", str(folder))
    program = await asyncio.create_subprocess_exec(
        sys.executable, *words, env={**os.environ, **servers}, stdout=asyncio.subprocess.PIPE
    )
    told = json.loads((await program.communicate())[0])
    assert told == {"ok": True, "folder": str(folder), **json.loads((folder / "manifest.json").read_text())}
    assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", told["nats"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_backup_that_is_told_to_stop_leaves_nothing(
    here: Office, tmp_path: Path, number: signal.Signals
):
    folder = tmp_path / "disk" / "today"
    servers = {"TOTALAUD_NATS_URL": here.nats_url, "TOTALAUD_DATABASE_URL": here.database_url}
    words = ("-m", "totalaud.cli", "--data", str(tmp_path / "data"), "backup", str(folder))
    connection = await asyncpg.connect(here.database_url)
    async with connection.transaction():
        await connection.execute("lock table vault.keys")
        program = await asyncio.create_subprocess_exec(sys.executable, *words, env={**os.environ, **servers})
        async with asyncio.timeout(30):
            while not [*folder.parent.glob("*/vault.jsonl")]:
                await asyncio.sleep(0.02)
            program.send_signal(number)
            assert await program.wait() == 128 + number
    await connection.close()
    assert [*folder.parent.iterdir()] == []


async def test_without_a_vault_there_is_no_backup(here: Office, tmp_path: Path):
    connection = await asyncpg.connect(here.database_url)
    await connection.execute("drop schema vault cascade")
    await connection.close()
    assert (await refused(here.back_up(tmp_path / "backup"))).code == "no_vault"


async def test_a_disk_without_room_is_named_and_nothing_left_on_it(
    here: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    refusal = await refused(here.back_up(tmp_path / "today"))
    assert refusal.message.startswith(f"{tmp_path / 'today'}: No space left on device: make room")
    assert list(tmp_path.glob("*today*")) == []


async def test_a_disk_without_room_for_the_keys_is_not_taken_for_a_postgres_that_is_away(
    here: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    await here.add()
    write = Written.write

    def full(file: Written, data: bytes) -> int:
        if data.startswith(b'{"user"'):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data)

    monkeypatch.setattr(Written, "write", full)
    refusal = await refused(here.back_up(tmp_path / "today"))
    assert refusal.message.startswith(f"{tmp_path / 'today'}: No space left on device: make room")


async def test_a_log_written_to_meanwhile_comes_back_whole_up_to_some_commit(here: Office, there: Office):
    await _write(here.bus, 600)
    writing = asyncio.create_task(_write(here.bus, 1_000_000))
    copies = []
    for _ in range(3):
        await asyncio.sleep(0.2)
        copy = BytesIO()
        copies.append((await snapshot.take(here.bus, "EVT", copy), copy))
    writing.cancel()
    assert copies[-1][0]["last_seq"] > copies[0][0]["last_seq"] >= 600
    for state, copy in copies:
        copy.seek(0)
        done = await snapshot.put(there.bus, streams.streams()[0], state, copy)
        assert done["last_seq"] == done["messages"] >= state["last_seq"]
        await there.bus.client.jetstream().delete_stream("EVT")


async def _write(bus: Bus, count: int) -> None:
    """Write what cannot be compressed, so that a snapshot takes many chunks; ten at a time."""
    for _ in range(count // 10):
        await asyncio.gather(
            *(bus.publish(f"evt.{USER}.contact.{uuid4()}", os.urandom(20_000)) for _ in range(10))
        )


async def test_a_copy_that_nats_breaks_off_in_its_midst_is_refused(here: Office):
    client = here.bus.client
    await _write(here.bus, 500)
    breaking: list[asyncio.Task[None]] = []

    def break_off(asked: Msg) -> None:
        to = json.loads(asked.data)["deliver_subject"]
        breaking.append(asyncio.create_task(client.publish(to, headers={"Status": "408"})))

    await hear(client, "$JS.API.STREAM.SNAPSHOT.*", break_off)
    copy = BytesIO()
    refusal = await refused(snapshot.take(here.bus, "EVT", copy))
    assert refusal.message == "EVT could not be copied: NATS says 408; see the log of NATS"
    assert copy.tell() < 500 * 20_000


@pytest.mark.parametrize("part", ["$JS.SNAPSHOT.RESTORE.", "$JS.API.STREAM.RESTORE."])
async def test_a_part_that_nobody_is_there_for_yet_is_sent_again(
    here: Office, there: Office, monkeypatch: pytest.MonkeyPatch, part: str
):
    """As in a cluster, where a node says what it listens at before the others know of it."""
    await _write(here.bus, 100)
    copy, request, refusals = (
        BytesIO(),
        there.bus.client.request,
        iter((NoRespondersError, NoRespondersError)),
    )
    state = await snapshot.take(here.bus, "EVT", copy)
    copy.seek(0)

    async def not_yet(subject: str, *args: Any, **options: Any) -> Msg:
        if subject.startswith(part) and (refusal := next(refusals, None)):
            raise refusal
        return await request(subject, *args, **options)

    monkeypatch.setattr(there.bus.client, "request", not_yet)
    assert (await snapshot.put(there.bus, streams.streams()[0], state, copy))["messages"] == 100
    assert next(refusals, None) is None


async def test_a_part_that_nobody_ever_takes_breaks_the_copy_off(
    there: Office, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(snapshot, "KNOWN_S", 0.2)
    monkeypatch.setattr(there.bus.client, "request", _nobody)
    refusal = await refused(snapshot.put(there.bus, streams.streams()[0], {}, BytesIO(b"part")))
    assert refusal.message == "EVT could not be copied: NoRespondersError; see the log of NATS"


async def test_a_nats_that_gives_a_restore_up_for_its_slow_disk_is_told_with_what_to_set(
    there: Office, monkeypatch: pytest.MonkeyPatch
):
    begun, stalled = {"deliver_subject": "to"}, "restore failed: io: read/write on closed pipe"

    async def given_up(subject: str, *_args: Any, **_options: Any) -> Msg:
        answer = {"error": {"description": stalled}} if subject == "to" else begun
        return Msg(there.bus.client, subject, data=json.dumps(answer).encode())

    monkeypatch.setattr(there.bus.client, "request", given_up)
    refusal = await refused(snapshot.put(there.bus, streams.streams()[0], {}, BytesIO(b"part")))
    assert refusal.message.endswith("closed pipe; " + snapshot.SLOW)


async def _nobody(*args: Any, **options: Any) -> Msg:
    raise NoRespondersError


async def test_streams_remember_when_they_were_made_and_what_was_acknowledged(
    here: Office, there: Office, tmp_path: Path
):
    js, after = here.bus.client.jetstream(), there.bus.client.jetstream()
    for number in range(3):
        await js.publish(f"cmd.{USER}.session.run", b"{}", headers={"Nats-Msg-Id": str(number)})
    subscription = await js.pull_subscribe_bind("orchestrator", "CMD")
    await (await subscription.fetch(1))[0].ack_sync()
    await asyncio.sleep(0.5)
    await there.restore(await here.back_up(tmp_path / "backup"))
    for stream in ("EVT", "CMD", "DLQ"):
        assert streams.born(await after.stream_info(stream)) == str((await js.stream_info(stream)).created)
    assert (await after.consumer_info("CMD", "orchestrator")).ack_floor.stream_seq == 1
    await streams.check(there.bus)


async def test_the_log_of_a_cluster_comes_back_on_one_server_and_the_other_way_round(there: Office):
    copy = BytesIO()
    async with running_cluster(5) as cluster:
        bus = await Bus.connect(cluster.url, name="test")
        try:
            await _write(bus, 100)
            state = await snapshot.take(bus, "EVT", copy)
            await bus.client.jetstream().delete_stream("EVT")
            for target, replicas in ((there.bus, 1), (bus, SIZE)):
                copy.seek(0)
                await snapshot.put(target, streams.streams(replicas)[0], state, copy)
                info = await target.client.jetstream().stream_info("EVT")
                assert (info.state.messages, info.config.num_replicas) == (100, replicas)
        finally:
            await bus.close()
