"""Restores: who stays erased, what is refused, and what may be run again."""

import asyncio
import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from nats.aio.msg import Msg

from backupstage import (
    MASTER_KEY,
    NAME,
    OTHER_KEY,
    PERSONAL,
    USER,
    Office,
    backup,
    here,
    office,
    refused,
    there,
)
from projectorstage import until, value
from servers import execute, fresh_database, read_only, running_nats
from shared import streams
from shared.sealing import ERASED, UNREADABLE, reveal, seal
from shared.subjects import contact
from shared.vault import migrate
from totalaud.backup import manifest as manifests
from totalaud.backup import restoring
from totalaud.backup.restoring import restore
from totalaud.backup.whole import restore_into
from totalaud.errors import Unreachable
from totalaud.stack import paths

__all__ = ["backup", "here", "there"]
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'vault.keys'::regclass"


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
    assert (done.keys, done.erased) == (1, 1)
    assert [await there.name(erased), await there.name(kept)] == [ERASED, "Rosalind Otherperson"]
    assert (await reveal(there.vault, USER, typed))["name"] == ERASED
    assert await there.vault.make_keys(USER, [erased]) == {}


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


async def test_a_backup_that_was_taken_after_an_erasure_is_restored(
    here: Office, there: Office, tmp_path: Path
):
    erased, kept = await here.add(), await here.add("Rosalind Otherperson")
    await here.erase(erased)
    done = await there.restore(await here.back_up(tmp_path / "backup"))
    assert (done.keys, done.erased) == (1, 1)
    assert [await there.name(erased), await there.name(kept)] == [ERASED, "Rosalind Otherperson"]


async def test_who_is_erased_in_the_vault_that_was_copied_gets_no_key_where_it_is_restored(
    here: Office, there: Office, tmp_path: Path
):
    by_name = (await here.vault.ids()).person_of(USER, NAME)
    await here.vault.erase(USER, by_name)
    await there.restore(await here.back_up(tmp_path / "backup"))
    assert await there.vault.make_keys(USER, [by_name]) == {}


async def test_beside_a_log_that_begins_anew_who_was_erased_gets_no_key(
    here: Office, there: Office, tmp_path: Path
):
    erased, kept = await here.add(), await here.add("Rosalind Otherperson")
    await here.erase(erased)
    backup = await here.back_up(tmp_path / "backup")
    await streams.provision(there.bus, ack_wait_s=5)
    assert (await there.restore(backup, only="vault")).keys == 1
    assert (await there.vault.make_keys(USER, [kept, erased])).keys() == {kept}


async def test_every_erasure_that_a_long_log_tells_of_is_applied(
    here: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(restoring, "PAGE_BYTES", 1)
    people = [await here.add(name) for name in ("Ada One", "Bea Two", "Cleo Three")]
    backup = await here.back_up(tmp_path / "backup")
    for one in people:
        await here.tell_erased(one)
    assert (await here.restore(backup, only="vault")).erased == len(people)
    assert [await here.name(one) for one in people] == [ERASED] * len(people)


async def test_keys_are_put_back_however_little_time_the_database_gives(here: Office, tmp_path: Path):
    id_ = await here.add()
    backup = await here.back_up(tmp_path / "backup")
    await execute(
        here.database_url,
        f"ALTER DATABASE {urlsplit(here.database_url).path[1:]} SET lock_timeout = '1ms'",
    )
    somebody = await asyncpg.connect(here.database_url)
    async with somebody.transaction():
        await somebody.execute("LOCK TABLE vault.keys")
        restoring_it = asyncio.create_task(here.restore(backup, only="vault"))
        await until(lambda: value(here.database_url, WAITING))
        assert not restoring_it.done()
    await restoring_it
    await somebody.close()
    assert await here.name(id_) == NAME


async def test_a_backup_of_a_newer_nats_is_refused_before_anything_is_changed(
    here: Office, there: Office, tmp_path: Path
):
    await here.add()
    folder = await here.back_up(tmp_path / "backup")
    newer = manifests.read(folder).model_copy(update={"nats": "<nats server v99.1.0>"})
    doing = restore(there.bus, there.database_url, folder, newer, master_key=MASTER_KEY)
    assert "nats-server 99.1, whose snapshots" in (await refused(doing)).message
    assert await there.bus.client.jetstream().streams_info() == []


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


async def test_a_postgres_that_takes_no_keys_is_told_and_the_restore_can_be_run_again(
    backup: Path, there: Office
):
    await migrate(there.database_url)
    async with read_only(there.database_url):
        with pytest.raises(Unreachable, match="takes no changes now"):
            await there.restore(backup)
    await there.restore(backup)
    await streams.check(there.bus)


@pytest.mark.parametrize("subject", ["$JS.SNAPSHOT.RESTORE.", "$JS.API.STREAM.INFO.CMD"])
async def test_a_nats_that_is_killed_while_it_reads_what_came_back_is_not_waited_for(
    backup: Path, postgres, monkeypatch: pytest.MonkeyPatch, subject: str
):
    async with (
        running_nats() as nats,
        fresh_database(postgres.url) as database,
        office(nats.url, database) as there,
    ):
        request = there.bus.client.request

        put = False

        async def killed(asked: str, body: bytes = b"", **options: float) -> Msg:
            nonlocal put
            put = put or asked.startswith("$JS.SNAPSHOT.RESTORE.")
            if put and asked.startswith(subject) and not body:
                await nats.kill()
            return await request(asked, body, **options)

        monkeypatch.setattr(there.bus.client, "request", killed)
        async with asyncio.timeout(30):
            assert (await refused(there.restore(backup))).code == "broken_off"
        monkeypatch.undo()
        await nats.restart()
        await there.restore(backup)
        await streams.check(there.bus)


@pytest.mark.parametrize(("lacking", "wanted"), [("messages", "2 to 1"), ("last_seq", "1 to 2")])
async def test_a_stream_of_which_less_comes_back_than_was_copied_is_refused(
    backup: Path, there: Office, lacking: str, wanted: str
):
    manifest = manifests.read(backup)
    manifest.streams["EVT"].state[lacking] += 1
    error = await refused(restore(there.bus, there.database_url, backup, manifest, master_key=MASTER_KEY))
    assert (error.code, error.field) == ("incomplete", "EVT.snapshot")
    assert f"EVT came back with 1 messages to sequence 1, not {wanted}: " in error.message


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


@pytest.fixture
def data(there: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that is not there yet, whose servers the environment names, without a key."""
    monkeypatch.setenv("TOTALAUD_NATS_URL", there.nats_url)
    monkeypatch.setenv("TOTALAUD_DATABASE_URL", there.database_url)
    monkeypatch.delenv("TOTALAUD_MASTER_KEY", raising=False)
    monkeypatch.delenv("TOTALAUD_MASTER_KEY_FILE", raising=False)
    return tmp_path / "new"


async def test_a_restore_opens_the_keys_with_that_of_its_data_folder_and_brings_back_who_acts(
    here: Office, there: Office, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    id_ = await here.add()
    backup = await here.back_up(tmp_path / "backup")
    data.mkdir()
    (data / "master.key").write_text(MASTER_KEY.hex())
    monkeypatch.setenv("TOTALAUD_ACK_WAIT_S", "7")
    manifest, done = await restore_into(data, backup)
    assert (done.keys, await there.name(id_)) == (1, NAME)
    assert paths.user_id(data) == manifest.user
    assert (await there.bus.client.jetstream().consumer_info("WORK", "custom")).config.ack_wait == 7


async def test_a_key_that_the_environment_has_is_taken_before_that_of_the_folder(
    backup: Path, data: Path, monkeypatch: pytest.MonkeyPatch
):
    data.mkdir()
    (data / "master.key").write_text(OTHER_KEY.hex())
    assert (await refused(restore_into(data, backup))).code == "master_key"
    monkeypatch.setenv("TOTALAUD_MASTER_KEY", MASTER_KEY.hex())
    _, done = await restore_into(data, backup)
    assert done.keys == 1


async def test_no_key_is_made_where_none_is_and_the_log_alone_comes_back_without(
    backup: Path, there: Office, data: Path
):
    assert (await refused(restore_into(data, backup))).code == "no_key"
    assert await there.bus.client.jetstream().streams_info() == []
    manifest, done = await restore_into(data, backup, only="log")
    assert (done.streams["EVT"].messages, done.keys) == (1, 0)
    assert [file.name for file in data.iterdir()] == ["user"]
    assert paths.user_id(data) == manifest.user


async def test_a_nats_of_our_own_syncs_what_comes_back_at_once_and_before_the_log_loses_its_mark(
    backup: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("NATS_URL", "DATABASE_URL", "MASTER_KEY", "MASTER_KEY_FILE"):
        monkeypatch.delenv(f"TOTALAUD_{name}", raising=False)
    sync, marked = os.sync, list[bool]()

    def look() -> None:
        kept = data / "nats" / "jetstream" / "$G" / "streams" / "EVT" / "meta.inf"
        marked.append(streams.RESTORING in kept.read_text(encoding="utf-8"))
        sync()

    monkeypatch.setattr(os, "sync", look)
    with paths.throwaway("restored") as data:
        await restore_into(data, backup, only="log")
        assert "sync_interval: 2m" in (data / "nats.conf").read_text(encoding="utf-8")
    assert marked == [True, False]


async def test_a_vault_that_is_restored_alone_leaves_who_acts_as_it_is(
    backup: Path, data: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TOTALAUD_MASTER_KEY", MASTER_KEY.hex())
    await restore_into(data, backup, only="log")
    (data / "user").unlink()
    _, done = await restore_into(data, backup, only="vault")
    assert (done.keys, list(data.iterdir())) == (1, [])


async def test_other_keys_for_the_same_persons_are_refused(backup: Path, here: Office):
    connection = await asyncpg.connect(here.database_url)
    await connection.execute("update vault.keys set wrapped = '\\x00'")
    await connection.close()
    error = await refused(here.restore(backup, only="vault"))
    assert (error.code, "1 of these persons" in error.message) == ("other_vault", True)


async def test_keys_need_a_log_that_tells_who_is_erased(backup: Path, there: Office):
    assert (await refused(there.restore(backup, only="vault"))).code == "no_stream"
