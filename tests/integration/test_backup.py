"""Backup and restore on real NATS and PostgreSQL, without services: what is refused, what is put back."""

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from cluster import SIZE, running_cluster
from servers import fresh_database, running_nats
from shared import streams
from shared.bus import Bus
from shared.commit import Commit
from shared.erasure import erase_keys
from shared.hearing import hear
from shared.jetstream_log import JetStreamLog
from shared.record_events import ContactErased, ContactImported
from shared.refusal import Refusal
from shared.sealing import ERASED, UNREADABLE, reveal, seal
from shared.subjects import contact
from shared.vault import Erased, Vault, migrate
from totalaud.backup import manifest as manifests
from totalaud.backup import snapshot
from totalaud.backup.manifest import Written
from totalaud.backup.restoring import Restored, restore
from totalaud.backup.taking import back_up
from totalaud.connection import Connection
from totalaud.errors import Unreachable

USER = UUID("00000000-0000-4000-8000-000000000001")
MASTER_KEY = bytes(range(32))
OTHER_KEY = bytes(32)
PERSONAL = {"type": "object", "properties": {"name": {"type": "string", "x-personal": True}}}
NAME = "Zephyrine Birdcage"


class Office:
    """A log and a vault, and what the campaigns service does to them."""

    def __init__(self, bus: Bus, nats_url: str, database_url: str, vault: Vault) -> None:
        self.bus = bus
        self.nats_url = nats_url
        self.database_url = database_url
        self.vault = vault
        self.log = JetStreamLog(bus)

    async def add(self, name: str = NAME) -> UUID:
        id_ = uuid4()
        sealed = await seal(self.vault, USER, PERSONAL, {"contact_id": str(id_), "name": name})
        await self._append(id_, ContactImported(name=sealed["name"], fingerprint="0"))
        return id_

    async def erase(self, id_: UUID) -> None:
        await erase_keys(self.vault, USER, id_, await self.log.load(contact(USER, id_)))
        await self.tell_erased(id_)

    async def tell_erased(self, id_: UUID) -> None:
        """Leave the keys as they are: the vault may be older than the log."""
        await self._append(id_, ContactErased())

    async def name(self, id_: UUID) -> str:
        """What somebody reads who has not seen it before."""
        first = next(iter((await self.log.page(contact(USER, id_), 0, most=1, most_bytes=1)).events))
        vault = await Vault.connect(self.database_url, MASTER_KEY)
        try:
            return str(await reveal(vault, USER, first.name, unreadable=UNREADABLE))
        finally:
            await vault.close()

    async def _append(self, id_: UUID, event: ContactImported | ContactErased) -> None:
        past = await self.log.load(contact(USER, id_))
        commit = Commit(commit_id=uuid4(), at=datetime.now(UTC), events=(event,))
        await self.log.append(contact(USER, id_), commit, expected=past.seq)

    async def back_up(self, folder: Path) -> Path:
        connection = Connection(self.nats_url, self.database_url, folder.parent / "data")
        await back_up(connection, folder)
        return folder

    async def restore(self, folder: Path, key: bytes | None = MASTER_KEY, **how: object) -> Restored:
        return await restore(
            self.bus, self.database_url, folder, manifests.read(folder), master_key=key, **how
        )


@asynccontextmanager
async def office(nats_url: str, database_url: str) -> AsyncIterator[Office]:
    bus = await Bus.connect(nats_url, name="test")
    vault = await Vault.connect(database_url, MASTER_KEY)
    try:
        yield Office(bus, nats_url, database_url, vault)
    finally:
        await vault.close()
        await bus.close()


@pytest.fixture
async def here(bus: Bus, nats_url: str, postgres_url: str) -> AsyncIterator[Office]:
    """Where the backups are made."""
    await migrate(postgres_url)
    async with office(nats_url, postgres_url) as found:
        yield found


@pytest.fixture
async def there(postgres) -> AsyncIterator[Office]:
    """Another NATS and another database, with nothing in them."""
    async with (
        running_nats() as nats,
        fresh_database(postgres.url) as database,
        office(nats.url, database) as found,
    ):
        yield found


@pytest.fixture
async def backup(here: Office, tmp_path: Path) -> Path:
    await here.add()
    return await here.back_up(tmp_path / "backup")


async def refused(doing: Awaitable[object]) -> Refusal:
    with pytest.raises(Refusal) as error:
        await doing
    return error.value


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
    assert "is there already" in error.message


async def test_a_log_that_has_lost_a_commit_is_not_copied_as_if_whole(here: Office, tmp_path: Path):
    js = here.bus.client.jetstream()
    await js.delete_stream("EVT")
    await js.add_stream(streams.streams()[0].evolve(deny_delete=False))
    for _ in range(5):
        await here.add()
    await js.delete_msg("EVT", 3)
    await js.update_stream(streams.streams()[0])
    with pytest.raises(Refusal, match="has lost sequence 3 of 5"):
        await here.back_up(tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


async def test_half_a_backup_is_never_seen(here: Office, tmp_path: Path):
    broken = Connection(here.nats_url, "postgresql://x@127.0.0.1:1/none", tmp_path / "data")
    with pytest.raises(Unreachable):
        await back_up(broken, tmp_path / "backup")
    assert not [path for path in tmp_path.iterdir() if "backup" in path.name]


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


async def test_a_name_opens_where_it_was_restored(here: Office, there: Office, tmp_path: Path):
    id_ = await here.add()
    done = await there.restore(await here.back_up(tmp_path / "backup"))
    assert (done.keys, done.erased) == (1, 0)
    assert await there.name(id_) == NAME


async def test_erased_persons_stay_erased_though_the_vault_is_older_than_the_log(
    here: Office, there: Office, tmp_path: Path
):
    erased, kept = await here.add(), await here.add("Rosalind Otherperson")
    typed = await seal(here.vault, USER, PERSONAL, {"name": NAME})
    monday = await here.back_up(tmp_path / "monday")
    await here.erase(erased)
    tuesday = await here.back_up(tmp_path / "tuesday")
    await there.restore(tuesday, only="log")
    done = await there.restore(monday, only="vault")
    assert done.erased == 1
    assert [await there.name(erased), await there.name(kept)] == [ERASED, "Rosalind Otherperson"]
    assert (await reveal(there.vault, USER, typed))["name"] == ERASED
    with pytest.raises(Erased):
        await there.vault.make_keys(USER, [erased])


async def test_who_is_erased_stays_so_though_not_all_of_their_history_can_be_read(
    here: Office, there: Office, tmp_path: Path
):
    erased, kept = await here.add(), await here.add("Rosalind Otherperson")
    monday = await here.back_up(tmp_path / "monday")
    await here.erase(erased)
    await here.bus.publish(contact(USER, erased).subject, b'{"events": [{"type": "OfALaterRelease"}]}')
    await there.restore(await here.back_up(tmp_path / "tuesday"), only="log")
    assert (await there.restore(monday, only="vault")).erased == 1
    assert [await there.name(one) for one in (erased, kept)] == [ERASED, "Rosalind Otherperson"]


async def test_who_is_erased_in_the_vault_that_is_there_stays_so(here: Office, tmp_path: Path):
    id_ = await here.add()
    backup = await here.back_up(tmp_path / "backup")
    await here.vault.erase(USER, id_)
    await here.restore(backup, only="vault")
    assert await here.name(id_) == ERASED


async def test_a_lost_log_is_restored_beside_the_vault_that_survived(here: Office, tmp_path: Path):
    id_, erased = await here.add(), await here.add()
    backup = await here.back_up(tmp_path / "backup")
    await here.vault.erase(USER, erased)
    async with running_nats() as nats, office(nats.url, here.database_url) as new:
        await new.restore(backup)
        assert [await new.name(id_), await new.name(erased)] == [NAME, ERASED]


@pytest.mark.parametrize("only", ["log", None])
async def test_whom_the_log_tells_to_be_erased_is_deleted_from_the_vault_that_is_there(
    here: Office, tmp_path: Path, only: str | None
):
    erased, kept = await here.add(), await here.add("Rosalind Otherperson")
    await here.tell_erased(erased)
    backup = await here.back_up(tmp_path / "backup")
    async with running_nats() as nats, office(nats.url, here.database_url) as new:
        assert (await new.restore(backup, only=only)).erased == 1
        assert [await new.name(erased), await new.name(kept)] == [ERASED, "Rosalind Otherperson"]
    connection = await asyncpg.connect(here.database_url)
    assert await connection.fetch("select person from vault.keys") == [(kept,)]
    await connection.close()


async def test_who_has_a_new_key_after_an_older_vault_was_restored_is_unreadable_and_can_be_erased(
    here: Office, tmp_path: Path
):
    backup = await here.back_up(tmp_path / "backup")
    id_ = await here.add()
    connection = await asyncpg.connect(here.database_url)
    await connection.execute("delete from vault.keys")
    await connection.close()
    await here.restore(backup, only="vault")
    assert await here.name(id_) == ERASED
    async with office(here.nats_url, here.database_url) as later:
        await later.vault.make_keys(USER, [id_])
        assert await later.name(id_) == UNREADABLE
        await later.erase(id_)
        assert await later.name(id_) == ERASED


async def test_a_restore_that_broke_off_can_be_run_again_and_nothing_else(
    backup: Path, there: Office, tmp_path: Path
):
    cut = shutil.copytree(backup, tmp_path / "cut")
    manifest = manifests.read(cut)
    (cut / "CMD.snapshot").unlink()
    with pytest.raises(FileNotFoundError):
        await restore(there.bus, there.database_url, cut, manifest, master_key=MASTER_KEY)
    for doing in (
        streams.check(there.bus),
        streams.provision(there.bus, ack_wait_s=5),
        there.restore(backup, only="vault"),
        there.back_up(tmp_path / "of half"),
    ):
        error = await refused(doing)
        assert (error.code, error.field) == ("restoring", "EVT")
        assert "run it again" in error.message
    assert [one.config.name for one in await there.bus.client.jetstream().streams_info()] == ["EVT"]
    await there.restore(backup)
    await streams.check(there.bus)
    assert await there.log.last_seq() == manifest.streams["EVT"].last_seq


async def test_a_restore_that_broke_off_at_its_last_stream_can_be_run_again_too(
    here: Office, there: Office, tmp_path: Path
):
    await here.add()
    await here.bus.publish(f"cmd.{USER}.session.run", b"{}")
    backup = await here.back_up(tmp_path / "backup")
    cut = shutil.copytree(backup, tmp_path / "cut")
    (cut / "DLQ.snapshot").unlink()
    with pytest.raises(FileNotFoundError):
        await restore(there.bus, there.database_url, cut, manifests.read(backup), master_key=MASTER_KEY)
    done = await there.restore(backup)
    assert {name: copy.messages for name, copy in done.streams.items()} == {"EVT": 1, "CMD": 1, "DLQ": 0}
    await streams.check(there.bus)


async def test_a_stream_of_which_less_comes_back_than_was_copied_is_refused(backup: Path, there: Office):
    manifest = manifests.read(backup)
    manifest.streams["EVT"].state["messages"] += 1
    error = await refused(restore(there.bus, there.database_url, backup, manifest, master_key=MASTER_KEY))
    assert (error.code, error.field) == ("incomplete", "EVT.snapshot")
    assert "EVT came back with 1 messages to sequence 1, not 2 to 1: " in error.message


async def test_a_log_that_is_not_empty_stays_as_it_is(here: Office, backup: Path):
    before = await here.log.last_seq()
    error = await refused(here.restore(backup))
    assert (error.code, error.field, await here.log.last_seq()) == ("not_empty", "EVT", before)
    assert "--data" in error.message


async def test_empty_streams_and_leftover_work_make_way(backup: Path, there: Office):
    await streams.provision(there.bus, ack_wait_s=5)
    await there.bus.publish("work.custom.count.1", b"{}")
    await there.restore(backup)
    assert (await there.bus.client.jetstream().stream_info("WORK")).state.messages == 0


async def test_another_master_key_is_refused_before_anything_is_restored(backup: Path, there: Office):
    assert (await refused(there.restore(backup, OTHER_KEY))).code == "master_key"
    assert (await refused(there.restore(backup, None))).code == "no_key"
    assert await there.bus.client.jetstream().streams_info() == []


async def test_without_the_master_key_the_log_alone_comes_back(backup: Path, there: Office):
    done = await there.restore(backup, None, only="log")
    assert done.streams["EVT"].messages == 1


async def test_other_keys_for_the_same_persons_are_refused(backup: Path, here: Office):
    connection = await asyncpg.connect(here.database_url)
    await connection.execute("update vault.keys set wrapped = '\\x00'")
    await connection.close()
    error = await refused(here.restore(backup, only="vault"))
    assert (error.code, "1 of these persons" in error.message) == ("other_vault", True)


async def test_keys_need_a_log_that_tells_who_is_erased(backup: Path, there: Office):
    assert (await refused(there.restore(backup, only="vault"))).code == "no_stream"
