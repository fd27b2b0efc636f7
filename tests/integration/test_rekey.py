"""The change of the master key, on a real PostgreSQL and NATS."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event
from uuid import UUID, uuid4

import asyncpg
import pytest

from asking import Told, command
from backupstage import MASTER_KEY, NAME, OTHER_KEY, USER, Office, here, refused, there
from recordservice import Service
from servers import data_folder, execute
from shared.forgetting import forget_together
from shared.keyring import KEY_BYTES, BadMasterKey, Keyring, key_in
from shared.sealing import ERASED, UNREADABLE, reveal
from shared.vault import Vault, migrate
from totalaud.backup import manifest as manifests
from totalaud.rekey.changing import change
from totalaud.rekey.rewrapping import Rewrapping
from totalaud.rekey.whole import Rekeyed, rekey
from totalaud.stack import paths
from totalaud.stack.lock import DataLock

__all__ = ["here", "there"]
NEW_KEY = bytes(reversed(range(32)))
CSV = "name,email\nAda Fictional,ada@example.org\nBo Invented,bo@example.org\n"


@pytest.fixture
def data(here: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the master key, whose servers the environment names."""
    monkeypatch.setenv("TOTALAUD_NATS_URL", here.nats_url)
    monkeypatch.setenv("TOTALAUD_DATABASE_URL", here.database_url)
    for name in ("TOTALAUD_MASTER_KEY", "TOTALAUD_NEW_MASTER_KEY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)
    data = tmp_path / "data"
    data.mkdir()
    (data / "master.key").write_text(MASTER_KEY.hex())
    return data


@asynccontextmanager
async def opened(office: Office, key: bytes) -> AsyncIterator[Vault]:
    """The vault in a process that is started anew."""
    vault = await Vault.connect(office.database_url, key)
    try:
        yield vault
    finally:
        await vault.close()


@asynccontextmanager
async def served(office: Office, key: bytes) -> AsyncIterator[Service]:
    """The campaigns service, started anew."""
    async with opened(office, key) as vault:
        yield Service(office.bus, vault, office.database_url, USER)


async def name(office: Office, key: bytes, contact_id: UUID) -> str:
    """What somebody reads who has this master key."""
    async with served(office, key) as service:
        imported = (await service.events("contact", contact_id))[0]
        return str(await reveal(service.vault, USER, imported.name, unreadable=UNREADABLE))


async def keys_of(office: Office) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(office.database_url)
    try:
        return list(await connection.fetch("select * from vault.keys order by user_id, person"))
    finally:
        await connection.close()


async def waits_for_a_lock(office: Office) -> None:
    connection = await asyncpg.connect(office.database_url)
    try:
        while not await connection.fetchval(
            "select exists (select from pg_locks where not granted and database = "
            "(select oid from pg_database where datname = current_database()))"
        ):
            await asyncio.sleep(0.01)
    finally:
        await connection.close()


async def test_names_are_read_with_the_new_master_key_and_not_with_the_old_one(here: Office, data: Path):
    id_ = await here.add()
    before = await keys_of(here)
    done = await rekey(data)
    new = key_in(data / "master.key")
    assert done == Rekeyed(keys=1, changed=1, file=data / "master.key")
    assert await name(here, new, id_) == NAME
    with pytest.raises(BadMasterKey, match="another master key"):
        await name(here, MASTER_KEY, id_)
    assert [row["created_at"] for row in await keys_of(here)] == [row["created_at"] for row in before]


async def test_the_new_one_is_its_owners_alone_and_nothing_is_left_beside_it(here: Office, data: Path):
    await rekey(data)
    assert (data / "master.key").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in data.iterdir()] == ["master.key"]


async def test_an_import_finds_the_same_people_afterwards(here: Office, data: Path):
    async with served(here, MASTER_KEY) as service:
        assert (await service.ask("contacts.import", csv=CSV))["imported"] == 2
        person = service.person("ada@example.org")
    await rekey(data)
    await rekey(data)
    async with served(here, key_in(data / "master.key")) as service:
        assert (await service.ask("contacts.import", csv=CSV))["unchanged"] == 2
        assert (await service.ask("contacts.suppress", email="ada@example.org"))["contact_id"] == str(person)
        assert (await service.ask("contacts.import", csv="email,name\nada@example.org,Ada Other"))["imported"]
        assert len(await service.events("contact", person)) == 3


async def test_who_is_erased_stays_so_and_can_be_erased_afterwards(here: Office, data: Path):
    async with served(here, MASTER_KEY) as service:
        await service.ask("contacts.import", csv=CSV)
        ada, bo = map(service.person, ("ada@example.org", "bo@example.org"))
        await service.ask("contacts.erase", email="ada@example.org")
    await rekey(data)
    new = key_in(data / "master.key")
    async with served(here, new) as service:
        assert (await service.ask("contacts.import", csv=CSV))["failed"] == 1
        assert (await service.ask("contacts.erase", email="bo@example.org"))["contact_id"] == str(bo)
    assert [await name(here, new, one) for one in (ada, bo)] == [ERASED, ERASED]


async def test_the_old_master_key_is_refused_where_no_person_has_a_key(here: Office, data: Path):
    await rekey(data)
    async with opened(here, MASTER_KEY) as vault:
        for refusal in (vault.check_master_key(), vault.ids(), vault.make_keys(USER, [uuid4()])):
            with pytest.raises(BadMasterKey, match="totalaud rekey"):
                await refusal
    assert await keys_of(here) == []


async def test_who_held_the_vault_meanwhile_makes_no_key_with_the_old_one(here: Office, data: Path):
    await here.vault.make_keys(USER, [uuid4()])
    await rekey(data)
    with pytest.raises(BadMasterKey, match="another master key"):
        await here.vault.make_keys(USER, [uuid4()])
    assert len(await keys_of(here)) == 1


async def test_keys_that_are_made_meanwhile_are_of_one_master_key(here: Office, data: Path):
    """Whoever makes one is either before it, or refused."""
    await here.vault.ids()

    async def make() -> int:
        made = 0
        while True:
            try:
                await here.vault.make_keys(USER, [uuid4()])
            except BadMasterKey:
                return made
            made += 1

    making = asyncio.create_task(make())
    while not await keys_of(here):
        await asyncio.sleep(0.01)
    done = await rekey(data)
    assert await asyncio.wait_for(making, 30) == done.keys == len(await keys_of(here))
    ring = Keyring(key_in(data / "master.key"))
    for row in await keys_of(here):
        assert len(ring.unwrap(row["user_id"], row["person"], row["wrapped"])) == KEY_BYTES


async def test_while_a_service_holds_the_vault_it_is_refused(here: Office, data: Path):
    await forget_together(here.bus, here.vault)
    await here.bus.client.flush()
    error = await refused(rekey(data))
    assert (error.code, "stop every orchestrator, skill-runner and campaigns" in error.message) == (
        "in_use",
        True,
    )
    assert key_in(data / "master.key") == MASTER_KEY
    await here.vault.check_master_key()


async def test_the_environments_is_changed_to_the_one_that_it_names(
    here: Office, data: Path, monkeypatch: pytest.MonkeyPatch
):
    id_ = await here.add()
    monkeypatch.setenv("TOTALAUD_MASTER_KEY", MASTER_KEY.hex())
    error = await refused(rekey(data))
    assert (error.code, error.field) == ("no_key", "TOTALAUD_NEW_MASTER_KEY")
    monkeypatch.setenv("TOTALAUD_NEW_MASTER_KEY", NEW_KEY.hex())
    assert await rekey(data) == Rekeyed(keys=1, changed=1, file=None)
    assert await rekey(data) == Rekeyed(keys=1, changed=0, file=None)
    assert await name(here, NEW_KEY, id_) == NAME
    assert key_in(data / "master.key") == MASTER_KEY


async def test_a_file_that_the_environment_names_is_replaced_where_it_really_is(
    here: Office, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    link, given = tmp_path / "link", tmp_path / "given"
    link.symlink_to(data / "master.key")
    given.write_text(NEW_KEY.hex())
    monkeypatch.setenv("TOTALAUD_MASTER_KEY_FILE", str(link))
    monkeypatch.setenv("TOTALAUD_NEW_MASTER_KEY_FILE", str(given))
    await rekey(data)
    assert link.is_symlink()
    assert key_in(data / "master.key") == NEW_KEY


async def test_a_new_one_that_is_none_is_refused_and_not_quoted(data: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TOTALAUD_NEW_MASTER_KEY", "opensesame")
    error = await refused(rekey(data))
    assert "TOTALAUD_NEW_MASTER_KEY must hold 32 bytes" in error.message
    assert "opensesame" not in error.message


async def test_a_wrong_old_one_is_refused_and_leaves_all_as_it_is(here: Office, data: Path):
    await here.add()
    before = await keys_of(here)
    (data / "master.key").write_text(OTHER_KEY.hex())
    assert (await refused(rekey(data))).code == "master_key"
    assert await keys_of(here) == before
    assert [file.name for file in data.iterdir()] == ["master.key"]
    await here.vault.check_master_key()


async def test_a_vault_with_keys_of_two_master_keys_is_mended(
    here: Office, data: Path, monkeypatch: pytest.MonkeyPatch
):
    first, stray = await here.add(), uuid4()
    wrapped = Keyring(NEW_KEY).wrap(USER, stray, bytes(KEY_BYTES)).hex()
    await execute(
        here.database_url,
        f"insert into vault.keys (user_id, person, wrapped) values ('{USER}', '{stray}', '\\x{wrapped}')",
    )
    monkeypatch.setenv("TOTALAUD_NEW_MASTER_KEY", NEW_KEY.hex())
    assert await rekey(data) == Rekeyed(keys=2, changed=1, file=data / "master.key")
    async with opened(here, NEW_KEY) as vault:
        assert await vault.keys(USER, [stray]) == {stray: bytes(KEY_BYTES)}
    assert await name(here, NEW_KEY, first) == NAME


async def test_many_pages_of_keys_all_come_back(here: Office, data: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("totalaud.rekey.changing.PAGE", 7)
    made = await here.vault.make_keys(USER, [UUID(int=0), *(uuid4() for _ in range(49))])
    assert (await rekey(data)).changed == 50
    async with opened(here, key_in(data / "master.key")) as vault:
        assert await vault.keys(USER, made) == made


async def test_what_is_wrapped_by_the_old_one_is_in_no_page_of_the_table(here: Office, data: Path):
    await here.add()
    ((_, _, wrapped, _),) = await keys_of(here)
    connection = await asyncpg.connect(here.database_url)
    file = "select pg_read_binary_file(pg_relation_filepath('vault.keys'))"
    try:
        await connection.execute("checkpoint")
        assert wrapped in await connection.fetchval(file)
        await rekey(data)
        await connection.execute("checkpoint")
        assert wrapped not in await connection.fetchval(file)
    finally:
        await connection.close()


KILLED = """
import asyncio, json, os, signal, sys
from pathlib import Path
from shared.keyring import BadMasterKey, Keyring, key_in
from totalaud.rekey import changing, whole
from totalaud.stack import paths
from totalaud.stack.lock import DataLock

data = Path(sys.argv[1])
watched = {changing.__file__, whole.__file__}


def forked(at):
    "Change it in a process that is killed at this line from the first statement on, counted as they are run."
    if child := os.fork():
        return os.waitpid(child, 0)[1]
    left, begun = at, False

    def trace(frame, event, _):
        nonlocal left, begun
        if frame.f_code.co_filename not in watched:
            return None
        begun = begun or frame.f_code.co_name == "change"
        if event == "line" and begun:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace if at else None)
    asyncio.run(whole.rekey(data))
    os._exit(0)


async def opens(file):
    import asyncpg
    ring = Keyring(key_in(file))
    connection = await asyncpg.connect(os.environ["TOTALAUD_DATABASE_URL"])
    try:
        if kept := await connection.fetchval("select wrapped from vault.ids"):
            ring.unwrap_ids(kept)
        keys = await connection.fetch("select user_id, person, wrapped from vault.keys")
        for key in keys:
            ring.unwrap(*key)
    except BadMasterKey:
        return 0
    finally:
        await connection.close()
    return len(keys)


file, at, seen = data / "master.key", 0, []
new = paths.new_master_key_file(file)
while True:
    at += 1
    if not forked(at):
        break
    there = [one for one in (file, new) if one.exists()]
    opening = [one for one in there if asyncio.run(opens(one))]
    assert len(opening) == 1 and asyncio.run(opens(opening[0])) == 3, (at, there, opening)
    seen.append([len(there), opening[0].name])
    assert not forked(0)
    assert asyncio.run(opens(file)) == 3 and not new.exists(), at
print(json.dumps(seen))
"""


@pytest.mark.timeout(180)
async def test_killed_at_any_line_one_of_both_opens_all_and_the_same_command_goes_on(
    here: Office, data: Path
):
    people = await here.vault.make_keys(USER, [uuid4() for _ in range(3)])
    program = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(data), stdout=-1)
    out, _ = await program.communicate()
    assert program.returncode == 0
    assert {(1, "master.key"), (2, "master.key"), (2, "master.key.new")} <= set(map(tuple, json.loads(out)))
    async with opened(here, key_in(data / "master.key")) as vault:
        assert await vault.keys(USER, people) == people
        assert await vault.ids() == Keyring(MASTER_KEY).ids


async def test_another_one_is_refused_while_a_change_that_broke_off_is_to_be_gone_on_with(
    here: Office, data: Path, monkeypatch: pytest.MonkeyPatch
):
    id_ = await here.add()
    (data / "master.key.new").write_text(NEW_KEY.hex())
    monkeypatch.setenv("TOTALAUD_NEW_MASTER_KEY", OTHER_KEY.hex())
    assert (await refused(rekey(data))).code == "conflict"
    monkeypatch.delenv("TOTALAUD_NEW_MASTER_KEY")
    await rekey(data)
    assert await name(here, NEW_KEY, id_) == NAME


async def test_of_two_that_change_it_at_once_none_uses_a_new_one_that_it_could_not_keep(
    here: Office, data: Path
):
    id_ = await here.add()
    other = await asyncpg.connect(here.database_url)
    try:
        async with other.transaction():
            await other.execute("lock table vault.keys in access exclusive mode")
            changing = asyncio.create_task(rekey(data))
            await waits_for_a_lock(here)
            (data / "master.key.new").write_text(NEW_KEY.hex())
        assert (await refused(changing)).code == "conflict"
    finally:
        await other.close()
    assert key_in(data / "master.key") == MASTER_KEY
    assert await here.name(id_) == NAME
    await rekey(data)
    assert await name(here, NEW_KEY, id_) == NAME


async def test_where_the_new_one_cannot_be_written_nothing_is_changed_and_it_is_told(
    here: Office, data: Path, monkeypatch: pytest.MonkeyPatch
):
    id_ = await here.add()
    file = (data / "master.key").rename(data / ("k" * 250))
    monkeypatch.setenv("TOTALAUD_MASTER_KEY_FILE", str(file))
    error = await refused(rekey(data))
    assert (error.code, "File name too long: nothing was changed" in error.message) == ("master_key", True)
    assert key_in(file) == MASTER_KEY
    assert await here.name(id_) == NAME


@pytest.fixture
def mounted(data: Path, tmp_path: Path) -> Iterator[Path]:
    """The master key's file, as a container has a secret: it can be read, and nothing takes its place."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("only root can mount a file")
    file, secret = data / "master.key", tmp_path / "secret"
    secret.write_text(MASTER_KEY.hex())
    if subprocess.run(["mount", "--bind", secret, file], check=False, capture_output=True).returncode:
        pytest.skip("no file can be mounted here")
    try:
        yield file
    finally:
        subprocess.run(["umount", file], check=True)


async def test_where_the_old_one_is_a_mounted_file_nothing_is_changed(here: Office, mounted: Path):
    id_ = await here.add()
    error = await refused(rekey(mounted.parent))
    assert (error.code, "nothing was changed" in error.message) == ("master_key", True)
    assert [one.name for one in mounted.parent.iterdir()] == ["master.key"]
    assert await here.name(id_) == NAME


async def test_a_backup_of_before_needs_the_old_one_and_is_changed_where_it_was_restored(
    here: Office, there: Office, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    id_ = await here.add()
    backup = await here.back_up(tmp_path / "before")
    await rekey(data)
    new = key_in(data / "master.key")
    error = await refused(there.restore(backup, new))
    assert (error.code, "that of its time (the first one)" in error.message) == ("master_key", True)
    assert (await refused(here.restore(backup, MASTER_KEY, only="vault"))).code == "other_vault"
    await there.restore(backup, MASTER_KEY)
    for variable, value in {
        "NATS_URL": there.nats_url,
        "DATABASE_URL": there.database_url,
        "MASTER_KEY": MASTER_KEY.hex(),
        "NEW_MASTER_KEY": new.hex(),
    }.items():
        monkeypatch.setenv(f"TOTALAUD_{variable}", value)
    await rekey(data)
    assert await name(there, new, id_) == NAME


async def test_a_backup_of_afterwards_needs_the_new_one_and_keeps_who_is_meant(
    here: Office, there: Office, data: Path, tmp_path: Path
):
    id_ = await here.add()
    await rekey(data)
    new = key_in(data / "master.key")
    backup = await here.back_up(tmp_path / "after")
    since = manifests.read(backup).master_key_since
    assert since is not None
    error = await refused(there.restore(backup, MASTER_KEY))
    assert f"the one since {since:%Y-%m-%d %H:%M} UTC" in error.message
    await there.restore(backup, new)
    assert await name(there, new, id_) == NAME
    async with opened(there, new) as vault:
        assert await vault.ids() == Keyring(MASTER_KEY).ids
    again = manifests.read(await there.back_up(tmp_path / "again"))
    assert again.master_key_since == since


async def test_a_backup_that_is_made_meanwhile_has_all_keys_by_the_new_one(
    here: Office, there: Office, tmp_path: Path
):
    id_ = await here.add()
    held, free = Event(), Event()

    def keep() -> None:
        held.set()
        free.wait(30)

    changing = asyncio.create_task(
        asyncio.to_thread(
            lambda: asyncio.run(change(here.database_url, Rewrapping(MASTER_KEY, NEW_KEY), keep))
        )
    )
    await asyncio.to_thread(held.wait, 30)
    making = asyncio.create_task(here.back_up(tmp_path / "backup"))
    await waits_for_a_lock(here)
    free.set()
    await changing
    backup = await making
    assert manifests.read(backup).master_key_since is not None
    await there.restore(backup, NEW_KEY)
    assert await name(there, NEW_KEY, id_) == NAME


async def test_keys_of_another_master_key_are_not_restored_beside_those_that_are_there(
    here: Office, there: Office, data: Path, tmp_path: Path
):
    await here.add()
    before = await here.back_up(tmp_path / "before")
    await migrate(there.database_url)
    await change(there.database_url, Rewrapping(MASTER_KEY, NEW_KEY), lambda: None)
    error = await refused(there.restore(before, MASTER_KEY))
    assert (error.code, "another master key than the backup" in error.message) == ("other_vault", True)


async def told(data: Path, *words: str, **variables: str) -> Told:
    return await command("rekey", *words, "--data", str(data), **variables)


async def test_the_command_says_where_the_new_one_is_and_what_still_needs_the_old_one(
    here: Office, data: Path
):
    await here.add()
    said = await told(data)
    assert said.code == 0
    assert said.out.splitlines() == [
        "keys 1, 1 of them changed",
        f"the new master key is in {data / 'master.key'}: keep a copy elsewhere",
        "backups made until now need the old one: keep it as long as them, and make a new backup",
    ]
    given = {
        "TOTALAUD_MASTER_KEY": key_in(data / "master.key").hex(),
        "TOTALAUD_NEW_MASTER_KEY": NEW_KEY.hex(),
    }
    again = await told(data, "--json", **given)
    assert again.document == {"ok": True, "keys": 1, "changed": 1, "file": None}


async def test_where_totalaud_runs_on_the_folder_it_is_refused(monkeypatch: pytest.MonkeyPatch):
    for name in ("NATS_URL", "DATABASE_URL", "MASTER_KEY", "MASTER_KEY_FILE"):
        monkeypatch.delenv(f"TOTALAUD_{name}", raising=False)
    with data_folder() as folder:
        paths.master_key_file(folder)
        lock = DataLock(folder)
        said = await told(folder)
        lock.release()
    assert said.code == 1
    assert "runs on" in said.err
