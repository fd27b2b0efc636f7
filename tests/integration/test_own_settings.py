"""A database may be set to anything: its tables are written and read all the same, or it is told why not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest
from structlog.testing import capture_logs

from histories import stories
from orchestrator.open_sessions import ProjectedSessions
from projected import assert_folded
from projector.database import connected, make
from projectorstage import (
    Writer,
    ask,
    caught_up,
    halted,
    have_rebuilt,
    operated,
    projecting,
    until,
    value,
    waits,
)
from recordservice import Service
from servers import Rig, execute, fresh_database
from shared.bus import Bus
from shared.memory_vault import MemoryVault
from skill_runner.results import ProjectedResults
from skill_runner.tables import ReadModel
from totalaud.errors import Unreachable
from totalaud.tables import CHECKPOINT, SKILLS, Tables

ODD = {
    "search_path": "nowhere",
    "default_transaction_isolation": "'repeatable read'",
    "timezone": "'Asia/Kathmandu'",
    "datestyle": "'SQL, DMY'",
    "intervalstyle": "'sql_standard'",
    "standard_conforming_strings": "off",
    "bytea_output": "escape",
    "extra_float_digits": "-15",
    "statement_timeout": "'5s'",
    "idle_session_timeout": "'5s'",
}


WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'skills'::regclass"
HANG_UP_ON = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = $1"


@pytest.fixture
async def owner_url(postgres_url: str) -> AsyncIterator[str]:
    """The database by the name of a role of its own, `role_of` the URL, that owns it."""
    role = f"owner_{uuid4().hex}"
    parts = urlsplit(postgres_url)
    await execute(
        postgres_url,
        f"CREATE ROLE {role} LOGIN PASSWORD 'secret'",
        f"ALTER DATABASE {parts.path[1:]} OWNER TO {role}",
    )
    yield urlunsplit(parts._replace(netloc=f"{role}:secret@{parts.netloc.rpartition('@')[2]}"))
    await execute(postgres_url, f"REASSIGN OWNED BY {role} TO CURRENT_USER", f"DROP ROLE {role}")


def role_of(url: str) -> str:
    return str(urlsplit(url).username)


@pytest.fixture
async def odd_url(owner_url: str, postgres_url: str) -> str:
    """A role that is set to what nobody thinks of."""
    settings = (f"ALTER ROLE {role_of(owner_url)} SET {name} = {value}" for name, value in ODD.items())
    await execute(postgres_url, *settings)
    return owner_url


@asynccontextmanager
async def held(url: str, table: str) -> AsyncIterator[None]:
    """Be somebody whose work keeps others from a table, as VACUUM FULL does."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table}")
            yield
    finally:
        await connection.close()


async def test_the_tables_are_the_folded_log_live_and_rebuilt(
    bus: Bus, nats_url: str, writer: Writer, odd_url: str, postgres_url: str
):
    async with operated(bus, nats_url, odd_url):
        await writer.write(stories(1))
        await caught_up(bus, postgres_url)
        rows = await assert_folded(bus, postgres_url)
        await have_rebuilt(bus)
        assert await assert_folded(bus, postgres_url) == rows


async def test_whoever_reads_the_tables_finds_them(bus: Bus, writer: Writer, odd_url: str, postgres_url: str):
    async with projecting(bus, odd_url):
        await writer.write(stories(1))
        await caught_up(bus, postgres_url)
    seq, nobody = await value(postgres_url, "SELECT seq FROM checkpoint"), uuid4()
    tables, of_a_skill = Tables(odd_url), ReadModel(odd_url)
    results = await ProjectedResults.connect(odd_url)
    async with asyncio.timeout(10):
        assert await tables.row(CHECKPOINT) == {"seq": seq}
        assert await of_a_skill.rows(CHECKPOINT, {}, seq, wait_s=1) == [{"seq": seq}]
        assert await results.changed(nobody, seq, cohort=False) == 0
        async with ProjectedSessions(bus, odd_url).held() as found:
            assert found == []
        await Service(bus, MemoryVault(), odd_url).reapplying.run()
    await tables.close()
    await of_a_skill.close()
    await results.close()


async def test_a_database_that_has_not_every_letter_is_refused_by_name(bus: Bus, postgres: Rig):
    async with (
        fresh_database(postgres.url, "ENCODING 'LATIN1' LOCALE 'C'") as url,
        projecting(bus, url) as live,
    ):
        await until(lambda: halted(live))
        assert live.halted
        assert "LATIN1" in live.halted


async def test_a_database_that_has_not_every_letter_is_not_rebuilt_in_vain_and_the_operator_told_why(
    bus: Bus, nats_url: str, postgres: Rig
):
    async with (
        fresh_database(postgres.url, "ENCODING 'LATIN1' LOCALE 'C'") as url,
        operated(bus, nats_url, url) as live,
    ):
        await until(lambda: halted(live))
        for verb in ("status", "rebuild"):
            assert (await ask(bus, verb))["error"]["message"] == live.halted


@pytest.mark.parametrize("limit", ["lock_timeout", "statement_timeout"])
async def test_whoever_may_not_wait_for_a_table_that_somebody_holds_is_told_so(
    limit: str, owner_url: str, postgres_url: str
):
    await execute(postgres_url, f"ALTER ROLE {role_of(owner_url)} SET {limit} = '100ms'")
    tables = Tables(owner_url)
    async with connected(owner_url) as connection:
        await make(connection)
    async with held(postgres_url, "skills"):
        with pytest.raises(Unreachable, match="tables are held by somebody, or the timeouts"):
            await tables.rows(SKILLS)
    assert await tables.rows(SKILLS) == []
    await tables.close()


async def test_a_skill_waits_for_a_table_that_somebody_holds_whatever_its_role_may(
    owner_url: str, postgres_url: str
):
    await execute(postgres_url, f"ALTER ROLE {role_of(owner_url)} SET lock_timeout = '1ms'")
    tables = ReadModel(owner_url)
    async with connected(owner_url) as connection:
        await make(connection)
    async with held(postgres_url, "skills"):
        reading = asyncio.create_task(tables.rows(SKILLS, {}, 0, wait_s=10))
        await until(lambda: value(postgres_url, WAITING))
    assert await reading == []
    await tables.close()


@pytest.fixture
async def hurried_url(owner_url: str, postgres_url: str) -> str:
    """A role whose transactions are to end within a second."""
    if await value(postgres_url, "SELECT current_setting('transaction_timeout', true)") is None:
        pytest.skip("PostgreSQL has that from 17 on")
    await execute(postgres_url, f"ALTER ROLE {role_of(owner_url)} SET transaction_timeout = '1s'")
    return owner_url


async def test_the_projector_takes_its_own_time_for_a_transaction(hurried_url: str):
    async with connected(hurried_url) as connection:
        assert await connection.fetchval("SELECT true FROM pg_sleep(1.5)")


async def test_a_skill_takes_its_own_time_for_a_query(hurried_url: str):
    tables = ReadModel(hurried_url)
    assert await tables.rows("SELECT true AS done FROM pg_sleep(1.5)", {}, 0, wait_s=1) == [{"done": True}]
    await tables.close()


@pytest.mark.parametrize(
    ("closed", "opened", "reason"),
    [
        (
            "ALTER ROLE {role} NOLOGIN",
            "ALTER ROLE {role} LOGIN",
            "InvalidAuthorizationSpecificationError",
        ),
        (
            "ALTER ROLE {role} CONNECTION LIMIT 0",
            "ALTER ROLE {role} CONNECTION LIMIT -1",
            "TooManyConnectionsError",
        ),
        ("ALTER ROLE {role} PASSWORD 'new'", "ALTER ROLE {role} PASSWORD 'secret'", "InvalidPasswordError"),
    ],
)
async def test_a_projector_that_is_not_let_in_waits_until_it_is(
    *, closed: str, opened: str, reason: str, bus: Bus, writer: Writer, owner_url: str, postgres_url: str
):
    role = role_of(owner_url)
    async with projecting(bus, owner_url):
        await caught_up(bus, postgres_url)
        with capture_logs() as told:
            await execute(postgres_url, closed.format(role=role))
            await value(postgres_url, HANG_UP_ON, role)
            await writer.write(stories(1, commits=20))
            await until(lambda: waits(told, reason))
        await execute(postgres_url, opened.format(role=role))
        await caught_up(bus, postgres_url)
    await assert_folded(bus, postgres_url)
