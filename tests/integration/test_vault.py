"""The vault on a real PostgreSQL."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import pytest

from proxy import proxied
from servers import Rig, read_only
from shared import key_cache
from shared import vault as module
from shared.bus import Bus
from shared.forgetting import forget_together
from shared.keyring import KEY_BYTES, BadMasterKey, Keyring, master_key
from shared.memory_vault import MemoryVault
from shared.outage import NOTICED_WHEN_GONE
from shared.refusal import Refusal
from shared.sealing import ERASED, reveal, seal
from shared.settings import Settings
from shared.vault import Unavailable, Vault, migrate
from totalaud.door import TRY_S

USER = UUID("00000000-0000-4000-8000-000000000001")
OTHER = UUID("00000000-0000-4000-8000-000000000002")
MASTER_KEY = bytes(range(32))
PERSONAL = {"type": "string", "x-personal": True}
ISOLATIONS = pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])


@pytest.fixture
async def vault_url(postgres_url: str) -> str:
    await migrate(postgres_url)
    return postgres_url


@pytest.fixture
async def vault(vault_url: str) -> AsyncIterator[Vault]:
    vault = await Vault.connect(vault_url, MASTER_KEY)
    yield vault
    await vault.close()


@pytest.fixture
async def another(vault_url: str) -> AsyncIterator[Vault]:
    """The same vault in another process, as far as it can tell."""
    vault = await Vault.connect(vault_url, MASTER_KEY)
    yield vault
    await vault.close()


@pytest.fixture(params=["memory", "postgres"])
def either(request: pytest.FixtureRequest) -> Vault:
    return MemoryVault() if request.param == "memory" else request.getfixturevalue("vault")


async def rows(url: str, query: str, *arguments: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(query, *arguments))
    finally:
        await connection.close()


async def test_a_key_is_made_once(either: Vault):
    person = uuid4()
    made = await either.make_keys(USER, [person])
    assert await either.make_keys(USER, [person]) == made == await either.keys(USER, [person])


async def test_nobody_has_a_key_before_it_is_made(either: Vault):
    person = uuid4()
    assert await either.keys(USER, [person]) == {person: None}


async def test_the_same_person_has_another_key_for_another_user(either: Vault):
    person = uuid4()
    assert await either.make_keys(USER, [person]) != await either.make_keys(OTHER, [person])


async def test_people_may_come_one_by_one_and_twice(either: Vault):
    people = [uuid4(), uuid4()]
    made = await either.make_keys(USER, iter([*people, *people]))
    assert made.keys() == {*people}
    assert await either.keys(USER, iter([*people, *people])) == made


async def test_an_erased_persons_key_is_gone_and_never_made_again(either: Vault):
    person, other = uuid4(), uuid4()
    await either.make_keys(USER, [person])
    assert await either.erase(USER, person)
    assert await either.keys(USER, [person]) == {person: None}
    made = await either.make_keys(USER, [person, other])
    assert made.keys() == {other}
    assert await either.keys(USER, [person, other]) == {person: None, **made}


async def test_a_second_erasure_says_so(either: Vault):
    person = uuid4()
    assert [await either.erase(USER, person) for _ in range(2)] == [True, False]


async def test_an_erasure_takes_nobody_else_s_key(vault: Vault, another: Vault):
    person, beside = uuid4(), uuid4()
    ours, theirs = [await vault.make_keys(user, [person, beside]) for user in (USER, OTHER)]
    await vault.erase(USER, person)
    assert await another.keys(USER, [person, beside]) == ours | {person: None}
    assert await another.keys(OTHER, [person, beside]) == theirs


async def test_nobodys_key_is_in_the_table_as_it_is(vault: Vault, vault_url: str):
    (key,) = (await vault.make_keys(USER, [uuid4()])).values()
    ((wrapped,),) = await rows(vault_url, "select wrapped from vault.keys")
    assert key not in wrapped


async def test_an_erasure_leaves_no_row_of_the_key_nor_of_one_that_a_backup_brings_back(
    vault: Vault, another: Vault, vault_url: str
):
    person = uuid4()
    await vault.make_keys(USER, [person])
    await vault.erase(USER, person)
    assert await rows(vault_url, "select 1 from vault.keys") == []
    wrapped = Keyring(MASTER_KEY).wrap(USER, person, os.urandom(KEY_BYTES))
    await rows(vault_url, module.INSERT, USER, [str(person)], [wrapped.hex()])
    assert await another.keys(USER, [person]) == {person: None}
    assert await vault.erase(USER, person)
    assert await rows(vault_url, "select 1 from vault.keys") == []


async def test_two_processes_that_make_a_key_at_once_get_the_same(vault: Vault, another: Vault):
    people = [uuid4() for _ in range(200)]
    made = await asyncio.gather(
        *(one.make_keys(USER, people) for one in (vault, another) for _ in range(4)),
    )
    assert all(keys == made[0] for keys in made)


async def test_makers_and_erasers_at_once_leave_no_key_of_the_erased(
    vault: Vault, another: Vault, vault_url: str
):
    people = [uuid4() for _ in range(50)]
    await asyncio.gather(
        *(vault.make_keys(USER, [person]) for person in people),
        *(another.erase(USER, person) for person in people),
        return_exceptions=True,
    )
    assert await rows(vault_url, "select 1 from vault.keys") == []


async def prefers(url: str, isolation: str) -> None:
    """Have whoever connects from now on begin transactions like that, where they do not say otherwise."""
    name = urlsplit(url).path[1:]
    await rows(url, f"alter database {name} set default_transaction_isolation = '{isolation}'")


@asynccontextmanager
async def in_the_midst(url: str, lock: str, statement: str, *arguments: object) -> AsyncIterator[None]:
    """Be another process that has done this, and commits on the way out."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(f"select {lock}($1)", module._lock(USER))
            await connection.execute(statement, *arguments)
            yield
    finally:
        await connection.close()


async def test_a_key_that_is_being_made_is_waited_for_by_those_who_need_it(vault: Vault, vault_url: str):
    person, key = uuid4(), os.urandom(KEY_BYTES)
    made = module.INSERT, USER, [str(person)], [Keyring(MASTER_KEY).wrap(USER, person, key).hex()]
    async with in_the_midst(vault_url, "pg_advisory_xact_lock_shared", *made):
        making = asyncio.create_task(vault.make_keys(USER, [person]))
        await asyncio.sleep(0.2)
        async with asyncio.timeout(3):
            await vault.make_keys(USER, [uuid4()])
    assert await making == {person: key}


@ISOLATIONS
async def test_a_key_that_is_being_made_does_not_outlive_the_erasure_of_its_person(
    vault: Vault, vault_url: str, isolation: str
):
    await prefers(vault_url, isolation)
    person = uuid4()
    made = module.INSERT, USER, [str(person)], [""]
    async with in_the_midst(vault_url, "pg_advisory_xact_lock_shared", *made):
        erasing = asyncio.create_task(vault.erase(USER, person))
        await asyncio.sleep(0.2)
    assert await erasing
    assert await rows(vault_url, "select 1 from vault.keys") == []


@ISOLATIONS
async def test_who_is_being_erased_gets_no_key(vault: Vault, vault_url: str, isolation: str):
    await prefers(vault_url, isolation)
    person = uuid4()
    async with in_the_midst(vault_url, "pg_advisory_xact_lock", module.ERASE, USER, person):
        making = asyncio.create_task(vault.make_keys(USER, [person]))
        await asyncio.sleep(0.2)
    assert await making == {}
    assert await rows(vault_url, "select 1 from vault.keys") == []


async def test_an_erasure_is_felt_in_another_process_within_seconds(
    vault: Vault, another: Vault, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(key_cache, "FRESH_S", 0.1)
    person = uuid4()
    await vault.make_keys(USER, [person])
    await another.keys(USER, [person])
    await vault.erase(USER, person)
    await asyncio.sleep(0.2)
    assert await another.keys(USER, [person]) == {person: None}


async def test_a_key_made_elsewhere_is_seen_at_once(vault: Vault, another: Vault):
    person = uuid4()
    await another.keys(USER, [person])
    made = await vault.make_keys(USER, [person])
    assert await another.keys(USER, [person]) == made


async def test_another_master_key_opens_nothing_and_says_so(vault: Vault, vault_url: str):
    person = uuid4()
    await vault.make_keys(USER, [person])
    stranger = await Vault.connect(vault_url, bytes(32))
    with pytest.raises(BadMasterKey, match="another master key"):
        await stranger.keys(USER, [person])
    await stranger.close()


async def test_no_key_is_made_beside_those_of_another_master_key(vault: Vault, vault_url: str):
    await vault.make_keys(USER, [uuid4()])
    stranger, person = await Vault.connect(vault_url, bytes(32)), uuid4()
    for refused in (stranger.check_master_key(), stranger.make_keys(OTHER, [person])):
        with pytest.raises(BadMasterKey, match="another master key"):
            await refused
    await stranger.close()
    await vault.check_master_key()
    assert await vault.keys(OTHER, [person]) == {person: None}


async def test_who_found_no_key_at_first_makes_none_beside_those_that_another_master_key_made_since(
    vault: Vault, vault_url: str
):
    stranger = await Vault.connect(vault_url, bytes(32))
    await stranger.check_master_key()
    await vault.make_keys(USER, [uuid4()])
    with pytest.raises(BadMasterKey, match="another master key"):
        await stranger.make_keys(OTHER, [uuid4()])
    await stranger.close()


async def test_concurrent_migrations_take_turns(postgres_url: str):
    await asyncio.gather(*(migrate(postgres_url) for _ in range(4)))
    assert await rows(postgres_url, "select 1 from vault.keys") == []


async def test_a_vault_of_a_newer_release_is_refused(vault_url: str):
    await rows(vault_url, "update vault.alembic_version set version_num = '9999'")
    with pytest.raises(Refusal, match="the vault is of a newer release: run that one"):
        await migrate(vault_url)


async def test_before_the_migration_the_vault_is_unavailable(postgres_url: str):
    vault = await Vault.connect(postgres_url, MASTER_KEY)
    with pytest.raises(Unavailable) as refused:
        await vault.make_keys(USER, [uuid4()])
    assert (refused.value.code, refused.value.message) == (
        "unavailable",
        "the vault is not set up yet: try again, or run 'totalaud provision'",
    )
    await vault.close()


async def test_while_postgres_hangs_keys_that_were_read_work_and_all_others_wait(
    vault_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "ANSWER_S", 0.5)
    monkeypatch.setattr(key_cache, "FRESH_S", 0.0)
    known, gone = uuid4(), uuid4()
    async with proxied(vault_url) as proxy:
        vault = await Vault.connect(proxy.url, MASTER_KEY)
        made = await vault.make_keys(USER, [known, gone])
        await rows(vault_url, "delete from vault.keys where person = $1", gone)
        assert await vault.keys(USER, [known, gone]) == {known: made[known], gone: None}
        proxy.silence()
        async with asyncio.timeout(20):
            assert await vault.keys(USER, [known]) == {known: made[known]}
            assert await vault.make_keys(USER, [known]) == {known: made[known]}
            with pytest.raises(Unavailable):
                await vault.keys(USER, [known, gone])
            with pytest.raises(Unavailable):
                await vault.make_keys(USER, [known, gone])
        await vault.close()


async def test_who_asks_for_a_new_key_while_postgres_hangs_is_told_before_giving_up(vault_url: str):
    async with proxied(vault_url) as proxy:
        vault = await Vault.connect(proxy.url, MASTER_KEY)
        await vault.make_keys(USER, [uuid4()])
        proxy.silence()
        for _ in range(2):
            async with asyncio.timeout(TRY_S):
                with pytest.raises(Unavailable):
                    await vault.make_keys(USER, [uuid4()])
        await vault.close()


async def test_over_a_slow_line_who_asks_again_is_answered(vault_url: str, monkeypatch: pytest.MonkeyPatch):
    """Connecting takes longer than anybody waits, and so do all answers together."""
    monkeypatch.setattr(module, "ANSWER_S", 0.5)
    person = uuid4()
    async with proxied(vault_url) as proxy, asyncio.timeout(20):
        proxy.delay_s = 0.08
        vault = await Vault.connect(proxy.url, MASTER_KEY)
        made = None
        while made is None:
            with suppress(Unavailable):
                made = await vault.make_keys(USER, [person])
        assert made.keys() == {person}
        assert await vault.erase(USER, person)
        await vault.close()


async def test_a_connection_that_nobody_has_waited_for_ends_with_its_vault(
    vault_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "ANSWER_S", 0.1)
    async with proxied(vault_url) as proxy, asyncio.timeout(20):
        proxy.silence()
        vault = await Vault.connect(proxy.url, MASTER_KEY)
        with pytest.raises(Unavailable):
            await vault.keys(USER, [uuid4()])
        assert proxy.held == 1
        await vault.close()
        proxy.resume()
        while proxy.held:
            await asyncio.sleep(0.02)


async def test_a_key_that_was_read_is_not_asked_for_again(vault: Vault, another: Vault, vault_url: str):
    person = uuid4()
    made = await another.make_keys(USER, [person])
    assert await vault.keys(USER, [person]) == made
    await rows(vault_url, "drop schema vault cascade")
    assert await vault.keys(USER, [person]) == await another.make_keys(USER, [person]) == made


async def test_a_role_that_may_not_see_the_vault_is_told_so(vault_url: str, postgres_url: str):
    role = f"stranger_{uuid4().hex}"
    await rows(vault_url, f"create role {role} login password 'secret'")
    try:
        parts = urlsplit(postgres_url)
        stranger = parts._replace(netloc=f"{role}:secret@{parts.netloc.rpartition('@')[2]}")
        vault = await Vault.connect(urlunsplit(stranger), MASTER_KEY)
        with pytest.raises(Unavailable, match="this role may not see the vault"):
            await vault.keys(USER, [uuid4()])
        await vault.close()
    finally:
        await rows(vault_url, f"drop role {role}")


async def test_a_password_that_postgres_refuses_is_waited_for_as_for_a_postgres_that_is_away(vault_url: str):
    """Or a result that is paid for would be thrown away while somebody changes passwords."""
    parts = urlsplit(vault_url)
    mistyped = parts._replace(netloc=f"{parts.username}:mistyped@{parts.netloc.rpartition('@')[2]}")
    vault = await Vault.connect(urlunsplit(mistyped), MASTER_KEY)
    with pytest.raises(Unavailable, match="PostgreSQL refuses the name and password of the vault"):
        await vault.make_keys(USER, [uuid4()])
    await vault.close()


async def test_while_postgres_is_away_known_keys_work_and_new_ones_wait(
    postgres: Rig, vault: Vault, monkeypatch: pytest.MonkeyPatch
):
    known, new = uuid4(), uuid4()
    sealed = await seal(vault, USER, {"properties": {"name": PERSONAL}}, {"id": str(known), "name": "Ada"})
    monkeypatch.setattr(key_cache, "FRESH_S", 0.0)
    await postgres.kill()
    assert (await reveal(vault, USER, sealed))["name"] == "Ada"
    with pytest.raises(Unavailable):
        await vault.make_keys(USER, [known, new])
    with pytest.raises(Unavailable):
        await vault.keys(USER, [new])
    with pytest.raises(Unavailable):
        await vault.erase(USER, known)
    await postgres.start()
    assert (await vault.make_keys(USER, [new])).keys() == {new}


async def test_whoever_is_gone_in_the_midst_of_an_erasure_holds_nobody_up_for_long(vault: Vault):
    def ask(connection: Any) -> Any:
        return connection.fetchval("SHOW tcp_keepalives_idle")

    assert await vault._ask(ask) == NOTICED_WHEN_GONE["tcp_keepalives_idle"]


async def test_who_waits_on_a_connection_that_dies_is_answered_on_another(vault_url: str):
    person = uuid4()
    owner = await asyncpg.connect(vault_url)
    async with proxied(vault_url) as proxy:
        vault = await Vault.connect(proxy.url, MASTER_KEY)
        async with owner.transaction():
            await owner.execute("lock table vault.keys")
            making = asyncio.create_task(vault.make_keys(USER, [person]))
            while not await owner.fetchval("select count(*) from pg_locks where not granted"):
                await asyncio.sleep(0.01)
            await proxy.cut()
        assert (await making).keys() == {person}
        await vault.close()
    await owner.close()


async def test_a_postgres_that_takes_no_changes_is_away_and_is_there_again_when_it_does(
    vault: Vault, vault_url: str
):
    person = uuid4()
    async with read_only(vault_url):
        for _ in range(2):
            with pytest.raises(Unavailable) as away:
                await vault.make_keys(USER, [person])
        assert away.value.reason == "ReadOnlySQLTransactionError"
    assert (await vault.make_keys(USER, [person])).keys() == {person}


@pytest.mark.parametrize("heard", [True, False], ids=["heard", "missed"])
async def test_who_was_erased_elsewhere_is_forgotten_though_postgres_is_away_since(
    heard: bool, bus: Bus, postgres: Rig, vault: Vault, another: Vault
):
    sealed = await seal(vault, USER, {"properties": {"name": PERSONAL}}, {"id": str(uuid4()), "name": "Ada"})
    assert (await reveal(another, USER, sealed))["name"] == "Ada"
    await forget_together(bus, another)
    if heard:
        await forget_together(bus, vault)
    await vault.erase(USER, UUID(sealed["id"]))
    await (bus.settled() if heard else bus.reconnected())
    await asyncio.sleep(0.2)
    await postgres.kill()
    try:
        assert await _name(another, sealed) == (ERASED if heard else "unavailable")
    finally:
        await postgres.start()


async def _name(vault: Vault, sealed: Any) -> str:
    try:
        return str((await reveal(vault, USER, sealed))["name"])
    except Unavailable as unavailable:
        return unavailable.code


async def test_a_vault_may_be_connected_before_postgres_is_there():
    vault = await Vault.connect("postgresql://nobody@127.0.0.1:9/nowhere", MASTER_KEY)
    with pytest.raises(Unavailable):
        await vault.keys(USER, [uuid4()])
    await vault.close()


def settings(key: str | None = None, file: Path | None = None) -> Settings:
    return Settings(
        nats_url="",
        database_url="",
        skills=Path(),
        master_key_file=file,
        master_key=key,
        health_host="127.0.0.1",
        health_port=0,
        ack_wait_s=5,
        concurrency=1,
        local_model_url=None,
    )


@pytest.mark.parametrize(
    "text", [MASTER_KEY.hex(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", f" {MASTER_KEY.hex()}\n"]
)
def test_a_master_key_is_hex_or_base64(text: str):
    assert master_key(settings(text)) == MASTER_KEY


@pytest.mark.parametrize("content", [MASTER_KEY, MASTER_KEY.hex().encode() + b"\n"])
def test_a_master_key_may_be_a_file(tmp_path: Path, content: bytes):
    (tmp_path / "key").write_bytes(content)
    assert master_key(settings(file=tmp_path / "key")) == MASTER_KEY


@pytest.mark.parametrize("text", ["zzyzx", "zz" * 32, "AAAA", "ü"])
def test_a_bad_master_key_is_refused_and_not_quoted(text: str):
    with pytest.raises(BadMasterKey) as refused:
        master_key(settings(text))
    assert text not in str(refused.value)


def test_no_master_key_at_all_says_how_to_give_one():
    with pytest.raises(BadMasterKey, match="TOTALAUD_MASTER_KEY_FILE"):
        master_key(settings())


def test_a_master_keys_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(BadMasterKey, match=os.strerror(2)):
        master_key(settings(file=tmp_path / "nowhere"))
