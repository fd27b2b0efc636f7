"""A database may be set to anything: its tables are written and read all the same, or it is told why not."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
import pytest

from histories import stories
from orchestrator.open_sessions import ProjectedSessions
from projected import assert_folded
from projectorstage import Writer, caught_up, halted, have_rebuilt, operated, projecting, until, value
from recordservice import Service
from servers import Rig, fresh_database
from shared.bus import Bus
from shared.memory_vault import MemoryVault
from skill_runner.results import ProjectedResults
from skill_runner.tables import ReadModel
from totalaud.tables import CHECKPOINT, Tables

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


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def odd_url(postgres_url: str) -> AsyncIterator[str]:
    """The database by the name of a role that owns it, and is set to what nobody thinks of."""
    role = f"odd_{uuid4().hex}"
    parts = urlsplit(postgres_url)
    await execute(
        postgres_url,
        f"CREATE ROLE {role} LOGIN PASSWORD 'secret'",
        f"ALTER DATABASE {parts.path[1:]} OWNER TO {role}",
        *(f"ALTER ROLE {role} SET {name} = {value}" for name, value in ODD.items()),
    )
    yield urlunsplit(parts._replace(netloc=f"{role}:secret@{parts.netloc.rpartition('@')[2]}"))
    await execute(postgres_url, f"REASSIGN OWNED BY {role} TO CURRENT_USER", f"DROP ROLE {role}")


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
