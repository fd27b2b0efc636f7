"""The tables on a real server: the seed's shape, and rows that are looked up by their keys."""

import re
from collections.abc import Iterable
from pathlib import Path

import asyncpg
import pytest

from controls import USER
from projector import spreading, statements
from projector.database import connected, make
from projector.ddl import ddl
from proxy import proxied
from servers import Rig, fresh_database
from totalaud.tables import CHECKPOINT, Tables

SEED = (Path(__file__).parent.parent / "seed" / "schema.sql").read_text()
SHAPE = """
SELECT c.table_name, c.column_name, c.data_type, c.is_nullable, c.column_default
FROM information_schema.columns c WHERE c.table_schema = 'public' ORDER BY 1, 2
"""
KEYS = """
SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype IN ('p', 'f') AND connamespace = 'public'::regnamespace ORDER BY 1, 2
"""


async def shape_of(statements: Iterable[str], server_url: str) -> tuple[list[tuple], list[tuple]]:
    async with fresh_database(server_url) as url:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements:
                await connection.execute(statement)
            columns = [tuple(row) for row in await connection.fetch(SHAPE)]
            return columns, [tuple(row) for row in await connection.fetch(KEYS)]
        finally:
            await connection.close()


async def test_the_tables_have_the_seeds_columns_types_defaults_and_keys(postgres: Rig):
    columns, keys = await shape_of([SEED], postgres.url)
    our_columns, our_keys = await shape_of(ddl(), postgres.url)
    assert len(columns) == 48
    assert set(columns) <= set(our_columns)
    assert set(keys) <= set(our_keys)
    seeds = {table for table, _ in keys}
    assert {key for key in our_keys if key[0] in seeds} == set(keys)


@pytest.mark.parametrize(
    "table", ["agent_sessions", "agent_session_steps", "skill_executions", "outreach", "contacts"]
)
async def test_rows_are_looked_up_by_key_however_empty_the_tables_were(table: str, postgres_url: str):
    async with connected(postgres_url) as connection:
        await make(connection)
        await connection.execute(f"PREPARE hot AS {statements.altering(table)}")
        explained = await connection.fetch("EXPLAIN EXECUTE hot('{}', '{}', '{}')")
    plan = "\n".join(row[0] for row in explained)
    assert f"Index Scan using {table}_pkey" in plan
    assert "by_user" not in plan
    assert "Seq Scan" not in plan


async def test_outreach_is_looked_up_by_its_pitch_however_empty_the_tables_were(postgres_url: str):
    async with connected(postgres_url) as connection:
        await make(connection)
        await connection.execute(f"PREPARE hot AS {spreading.REFOLD}")
        explained = await connection.fetch("EXPLAIN EXECUTE hot('{}', '{}', '{}', '{}')")
    plan = "\n".join(row[0] for row in explained)
    assert plan.count("outreach_by_pitch") == 2
    assert "Seq Scan" not in plan


async def test_what_is_in_doubt_is_summed_up_in_one_look_at_a_sessions_attempts(postgres_url: str):
    async with connected(postgres_url) as connection:
        await make(connection)
        await connection.execute(
            "INSERT INTO agent_sessions (id, agent_name, user_id, initial_input) VALUES ($1, '', $1, '{}')",
            USER,
        )
        await connection.execute(
            "INSERT INTO agent_session_steps (id, session_id, step_number)"
            " SELECT gen_random_uuid(), $1, number FROM generate_series(1, 20) AS number",
            USER,
        )
        await connection.execute(f"PREPARE hot AS {spreading.DOUBT_OF_STEPS}")
        explained = await connection.fetch(f"EXPLAIN ANALYZE EXECUTE hot('{{{USER}}}', '{{{USER}}}')")
    looks = [row[0] for row in explained if "skill_executions_by_session" in row[0]]
    assert [re.findall(r"loops=\d+", look) for look in looks] == [["loops=1"]]


async def test_who_reads_from_far_away_waits_for_one_round_trip_each_time(postgres_url: str):
    async with connected(postgres_url) as connection:
        await make(connection)
    async with proxied(postgres_url) as proxy:
        tables = Tables(proxy.url)
        await tables.row(CHECKPOINT)
        proxy.delay_s = 0.001
        for _ in range(3):
            await tables.row(CHECKPOINT)
        assert proxy.delays == 3 * 2
        await tables.close()
