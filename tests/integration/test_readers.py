"""A user's own role in PostgreSQL sees that user's rows, in every table, and can do nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import Column, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from projector.column_types import metadata
from projector.live import Live
from projector.operating import Operating
from projector.policies import OF_A_SESSION, OPEN, policies
from projector.tables import agent_sessions, names
from quality.harness import make_tables
from servers import Rig, fresh_database, running_postgres
from shared.bus import Bus
from shared.refusal import Refusal
from shared.vault import Vault, migrate
from totalaud import readers
from totalaud.errors import Unreachable

CLOSED = frozenset({"projection_errors"})
OWNED = [name for name in names() if name not in OPEN | OF_A_SESSION | CLOSED]
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
PLAIN: dict[type, Any] = {
    int: 1,
    bool: True,
    float: 1.0,
    Decimal: 1,
    date: NOW.date(),
    datetime: NOW,
    list: ["x"],
    dict: "{}",
}


@dataclass
class Read:
    """A database with a row of each of two users in every table, and how each of them gets in."""

    owner: str
    alice: UUID
    bob: UUID
    urls: dict[UUID, str]

    @asynccontextmanager
    async def role(self, user: UUID) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self.urls[user])
        try:
            yield connection
        finally:
            await connection.close()


@pytest.fixture(scope="module")
async def read(_postgres: Rig) -> AsyncIterator[Read]:
    async with fresh_database(_postgres.url) as url:
        await make_tables(url)
        await migrate(url)
        found = Read(url, uuid4(), uuid4(), {})
        for user in (found.alice, found.bob):
            await fill(url, user)
            found.urls[user] = await readers.add(url, user)
        vault = await Vault.connect(url, bytes(32))
        await vault.make_keys(found.bob, [uuid4()])
        await vault.close()
        yield found
        for user in found.urls:
            await readers.remove(url, user)


async def fill(url: str, user: UUID) -> None:
    connection = await asyncpg.connect(url)
    session = uuid4()
    try:
        for table in metadata.sorted_tables:
            values = {
                column.name: _value(column, user, session) for column in table.columns if _given(column)
            }
            marks = ", ".join(f"${number}" for number in range(1, len(values) + 1))
            await connection.execute(
                f"INSERT INTO {table.name} ({', '.join(values)}) VALUES ({marks}) ON CONFLICT DO NOTHING",
                *values.values(),
            )
    finally:
        await connection.close()


def _given(column: Column) -> bool:
    return not column.nullable or column.name in ("user_id", "session_id", "status")


def _value(column: Column, user: UUID, session: UUID) -> Any:
    if column.name == "user_id":
        return user
    if column.name in ("session_id", "agent_session_id") or column is agent_sessions.c.id:
        return session
    if isinstance(column.type, Uuid):
        return uuid4()
    if isinstance(column.type, Text):
        return f"{column.name} of {user}"
    return "{}" if isinstance(column.type, JSONB) else PLAIN[column.type.python_type]


def test_every_table_is_known_to_be_somebodys_or_open_or_closed():
    """A new table with a column user_id is closed to all but that user by itself; any other is named."""
    whose = {table.name for table in metadata.sorted_tables if "user_id" in table.columns}
    assert set(OWNED) == whose
    assert len(OWNED) >= 14


def test_a_table_that_nobody_thought_of_is_closed():
    new = Table("new", type(metadata)(), Column("id", Uuid, primary_key=True), Column("secret", Text))
    assert list(policies(new)) == ["ALTER TABLE new ENABLE ROW LEVEL SECURITY"]


@pytest.mark.parametrize("table", OWNED)
async def test_a_reader_finds_the_own_rows_and_no_others(read, table):
    async with read.role(read.alice) as alice:
        rows = await alice.fetch(f"SELECT * FROM {table}")
        assert {row["user_id"] for row in rows} == {read.alice}
        assert await alice.fetchval(f"SELECT count(*) FROM {table} WHERE user_id = $1", read.bob) == 0
        assert await alice.fetchval(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%{read.bob}%'") == 0


async def test_a_reader_finds_the_steps_of_the_own_sessions_alone(read):
    async with read.role(read.alice) as alice:
        rows = await alice.fetch(
            "SELECT t.*, s.user_id FROM agent_session_steps t JOIN agent_sessions s ON s.id = t.session_id"
        )
        assert [row["user_id"] for row in rows] == [read.alice]
        assert await alice.fetchval("SELECT count(*) FROM agent_session_steps") == 1


@pytest.mark.parametrize("table", sorted(OPEN))
async def test_what_belongs_to_nobody_is_open(read, table):
    async with read.role(read.alice) as alice:
        assert await alice.fetchval(f"SELECT count(*) FROM {table}") >= 1


FORBIDDEN = [
    *(f"SELECT * FROM {table}" for table in sorted(CLOSED)),
    *(f"DELETE FROM {table}" for table in names()),
    *(f"TRUNCATE {table} CASCADE" for table in names()),
    *(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY" for table in names()),
    *(f"DROP POLICY readers ON {table}" for table in OWNED),
    "INSERT INTO skills (name) VALUES ('x')",
    "UPDATE agent_sessions SET user_id = gen_random_uuid()",
    "UPDATE checkpoint SET seq = 0",
    "SELECT * FROM vault.keys",
    "SELECT * FROM vault.erased",
    "SELECT * FROM pg_authid",
    "SELECT pg_read_file('postgresql.conf')",
    "COPY agent_sessions TO PROGRAM 'cat'",
    "COPY agent_sessions TO '/tmp/x'",
    "CREATE TABLE mine (x int)",
    "CREATE TEMP TABLE mine (x int)",
    "CREATE SCHEMA mine",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE ROLE reader_00000000000000000000000000000000 LOGIN",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "SET ROLE totalaud",
    "SET SESSION AUTHORIZATION totalaud",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_lock(1)",
    "SELECT pg_advisory_xact_lock(1, 2)",
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT pg_logical_emit_message(false, 'a', repeat('x', 1000))",
    "SET temp_file_limit = -1",
    "CREATE EXTENSION vector",
    "ALTER SYSTEM SET fsync = off",
    "CHECKPOINT",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
async def test_a_reader_can_do_nothing_but_read(read, statement):
    async with read.role(read.alice) as alice:
        await alice.execute("SET default_transaction_read_only = off")
        with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.FeatureNotSupportedError)):
            await alice.execute(statement)


async def test_a_reader_s_sorting_does_not_fill_the_disk(read):
    async with read.role(read.alice) as alice:
        assert await alice.fetchval("SHOW temp_file_limit") == "1GB"


async def test_a_reader_who_leaves_a_transaction_open_holds_no_rebuild_up_for_ever(read):
    async with read.role(read.alice) as alice:
        assert await alice.fetchval("SHOW idle_in_transaction_session_timeout") == "5min"


async def test_a_reader_cannot_enter_the_server_s_other_databases():
    """Where somebody else logs in, they stay as they are: it may be theirs."""
    async with (
        running_postgres() as server,
        fresh_database(server.url) as url,
        fresh_database(server.url) as other,
    ):
        user, role = uuid4(), f"neighbour_{uuid4().hex[:8]}"
        owner = await asyncpg.connect(url)
        await owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
        try:
            elsewhere = await readers.add(other, uuid4())
            reader = await readers.add(url, user)
            await (await asyncpg.connect(reader, database=urlsplit(other).path[1:])).close()
            await owner.execute(f"DROP ROLE {role}")
            reader = await readers.add(url, user)
            await (await asyncpg.connect(reader)).close()
            await (await asyncpg.connect(elsewhere)).close()
            for name in (urlsplit(other).path[1:], "postgres", "template1"):
                with pytest.raises(
                    asyncpg.InsufficientPrivilegeError, match="permission denied for database"
                ):
                    await asyncpg.connect(reader, database=name)
        finally:
            await owner.execute(f"DROP ROLE IF EXISTS {role}")
            await readers.remove(url, user)
            await owner.close()


async def test_a_reader_makes_nothing_where_everybody_could_before(read):
    """As in a server that was brought up from PostgreSQL 14."""
    user = uuid4()
    owner = await asyncpg.connect(read.owner)
    try:
        await owner.execute("GRANT CREATE ON SCHEMA public TO PUBLIC")
        reader = await asyncpg.connect(await readers.add(read.owner, user))
        await reader.execute("SET default_transaction_read_only = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for schema public"):
            await reader.execute("CREATE TABLE mine (x int)")
        await reader.close()
    finally:
        await readers.remove(read.owner, user)
        await owner.close()


async def test_a_reader_can_become_nobody_else(read):
    async with read.role(read.alice) as alice:
        other = f"reader_{read.bob.hex}"
        await alice.execute("SET default_transaction_read_only = off")
        for statement in (
            f"SET ROLE {other}",
            f"SET SESSION AUTHORIZATION {other}",
            f"GRANT {other} TO CURRENT_USER",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await alice.execute(statement)
        with pytest.raises(asyncpg.PostgresError, match=r"cannot be renamed|permission denied"):
            await alice.execute(f"ALTER ROLE {alice_role(read)} RENAME TO x")


def alice_role(read: Read) -> str:
    return f"reader_{read.alice.hex}"


async def test_switching_the_policies_off_is_an_error_and_shows_nothing(read):
    async with read.role(read.alice) as alice:
        await alice.execute("SET row_security = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await alice.fetch("SELECT * FROM agent_sessions")


async def test_an_error_that_tells_a_value_tells_an_own_one(read):
    """A condition that fails on a row is asked after the policy, never on what is another's."""
    async with read.role(read.alice) as alice:
        with pytest.raises(asyncpg.InvalidTextRepresentationError) as told:
            await alice.fetch("SELECT * FROM agent_sessions WHERE agent_name::int = 1")
        assert str(read.alice) in str(told.value)
        assert str(read.bob) not in str(told.value)


@pytest.mark.parametrize(
    "view", ["pg_stats", "pg_stat_activity", "pg_stat_statements", "pg_prepared_statements"]
)
async def test_the_servers_own_views_tell_nothing_of_others(read, view):
    owner = await asyncpg.connect(read.owner)
    try:
        await owner.execute("ANALYZE")
        await owner.execute(f"SELECT '{read.bob}'")
        async with read.role(read.alice) as alice:
            with suppress(asyncpg.UndefinedTableError):
                told = await alice.fetch(f"SELECT t::text FROM {view} t")
                assert not any(str(read.bob) in row[0] for row in told)
    finally:
        await owner.close()


async def test_a_role_that_is_no_readers_sees_no_row_of_anybodys(read):
    role = f"monitor_{uuid4().hex[:8]}"
    owner = await asyncpg.connect(read.owner)
    try:
        await owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
        monitor = await asyncpg.connect(read.owner, user=role, password="x")
        assert [await monitor.fetchval(f"SELECT count(*) FROM {table}") for table in OWNED] == [0] * len(
            OWNED
        )
        await monitor.close()
        await owner.execute(f"DROP ROLE {role}")
    finally:
        await owner.close()


async def test_the_services_still_take_turns(read):
    owner = await asyncpg.connect(read.owner)
    assert await owner.fetchval("SELECT pg_try_advisory_lock(7)")
    await owner.close()


@asynccontextmanager
async def plain_owner(server_url: str) -> AsyncIterator[tuple[str, str]]:
    """A database that belongs to a role without further rights: its superuser's URL and its owner's."""
    role = f"services_{uuid4().hex[:8]}"
    async with fresh_database(server_url) as url:
        superuser = await asyncpg.connect(url)
        name = urlsplit(url).path[1:]
        try:
            await superuser.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'x'")
            await superuser.execute(f"ALTER DATABASE {name} OWNER TO {role}")
            place = urlsplit(url).netloc.rsplit("@", 1)[1]
            yield url, f"postgresql://{role}:x@{place}/{name}"
        finally:
            await superuser.execute(f"DROP OWNED BY {role} CASCADE")
            await superuser.execute(f"ALTER DATABASE {name} OWNER TO CURRENT_USER")
            await superuser.execute(f"DROP ROLE {role}")
            await superuser.close()


async def test_the_services_still_take_turns_where_another_superuser_made_the_reader(read):
    user = uuid4()
    async with plain_owner(read.owner) as (superuser, services):
        await make_tables(services)
        await readers.add(superuser, user)
        owner = await asyncpg.connect(services)
        try:
            assert await owner.fetchval("SELECT pg_try_advisory_lock(7)")
        finally:
            await owner.close()
            await readers.remove(superuser, user)


async def test_an_owner_who_may_not_make_readers_is_told_who_may(read):
    async with plain_owner(read.owner) as (_, services):
        with pytest.raises(Refusal, match="may not make others, a superuser of that server may"):
            await readers.add(services, uuid4())


async def test_a_reader_s_url_holds_nothing_of_who_made_it(read):
    parts = urlsplit(read.owner)
    hidden = f"user={parts.username}&password={parts.password}&application_name=x"
    user = uuid4()
    given = await readers.add(f"postgresql://{parts.netloc.rsplit('@', 1)[1]}{parts.path}?{hidden}", user)
    try:
        assert urlsplit(given).query == "application_name=x"
        await (await asyncpg.connect(given)).close()
    finally:
        await readers.remove(read.owner, user)


async def test_a_new_url_voids_the_one_before(read):
    user = uuid4()
    first = await readers.add(read.owner, user)
    second = await readers.add(read.owner, user)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(first)
    connection = await asyncpg.connect(second)
    assert await readers.remove(read.owner, user)
    async with asyncio.timeout(10):
        while not connection.is_closed():
            await asyncio.sleep(0.01)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(second)
    assert not await readers.remove(read.owner, user)


async def test_readers_may_be_made_at_the_same_time(read):
    urls = await asyncio.gather(*(readers.add(read.owner, uuid4()) for _ in range(8)))
    for url in urls:
        await (await asyncpg.connect(url)).close()


async def test_a_reader_cannot_make_readers(read):
    with pytest.raises(Refusal, match="may not make others"):
        await readers.add(read.urls[read.alice], uuid4())
    with pytest.raises(Refusal, match="may not drop others"):
        await readers.remove(read.urls[read.alice], read.bob)
    with pytest.raises(Unreachable, match=r"no PostgreSQL answers at 127\.0\.0\.1:1 "):
        await readers.add("postgresql://totalaud:secret@127.0.0.1:1/x", uuid4())


async def test_an_own_session_is_found_by_its_index(read):
    """The policy adds a condition, not a scan of everybody's rows."""
    async with read.role(read.alice) as alice:
        await alice.execute("SET enable_seqscan = off")
        plan = "\n".join(
            row[0]
            for row in await alice.fetch(
                "EXPLAIN SELECT * FROM agent_sessions ORDER BY created_at DESC LIMIT 20"
            )
        )
    assert "agent_sessions_by_user" in plan


async def test_a_rebuild_keeps_every_reader_to_the_own_rows(bus: Bus, nats_url: str, postgres_url: str):
    """Policies and grants are part of the tables: the ones that take the place have them from the start."""
    user, other = uuid4(), uuid4()
    live = Live(bus, postgres_url)
    task = asyncio.create_task(live.run())
    await bus.listen("ops.projection.*", Operating(nats_url, postgres_url, live).hear)
    url = await readers.add(postgres_url, user)
    reader = await asyncpg.connect(url)
    try:
        async with asyncio.timeout(20):
            while not await reader.fetchval("SELECT to_regclass('checkpoint')"):
                await asyncio.sleep(0.05)
            while await reader.fetchval("SELECT count(*) FROM checkpoint") == 0:
                await asyncio.sleep(0.05)
        assert b'"ok":true' in (
            await bus.request("ops.projection.rebuild", b"{}", timeout=20) or b""
        ).replace(b" ", b"")
        await fill(postgres_url, user)
        await fill(postgres_url, other)
        assert {row["user_id"] for row in await reader.fetch("SELECT user_id FROM agent_sessions")} == {user}
        assert await reader.fetchval("SELECT count(*) FROM agent_session_steps") == 1
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.fetch("SELECT * FROM projection_errors")
    finally:
        await reader.close()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await readers.remove(postgres_url, user)
