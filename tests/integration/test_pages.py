"""What is read first of a filled table writes none of its pages again."""

import json
from collections.abc import AsyncIterator

import asyncpg
import pytest

from projector import pages
from projector.beside import NEXT
from projector.database import connected
from servers import Rig, fresh_database

FILL = "INSERT INTO {} SELECT n, repeat('x', 500) FROM generate_series(1, 3000) n"
READ = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT count(*) FROM {}"


@pytest.fixture
async def connection(_postgres: Rig) -> AsyncIterator[asyncpg.Connection]:
    async with fresh_database(_postgres.url) as url, connected(url, NEXT, enable_seqscan="on") as connection:
        await connection.execute(f"CREATE SCHEMA {NEXT}")
        for table in ("one", "other"):
            await connection.execute(f"CREATE TABLE {table} (n integer, text text)")
            await connection.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        yield connection


async def written(connection: asyncpg.Connection, table: str) -> int:
    """Have all pages on the disk, read a table, and return how many of its pages that has changed."""
    await connection.execute("CHECKPOINT")
    (told,) = json.loads(await connection.fetchval(READ.format(table)))
    return int(told["Plan"]["Shared Dirtied Blocks"])


async def test_who_reads_a_filled_table_first_writes_its_pages_again(connection: asyncpg.Connection):
    await connection.execute(FILL.format("one"))
    assert await written(connection, "one") > 100
    assert await written(connection, "one") == 0


async def test_what_was_looked_at_is_not_written_again(connection: asyncpg.Connection):
    before = await pages.filled(connection)
    for table in before:
        await connection.execute(FILL.format(table))
    await pages.look(connection, before)
    assert [await written(connection, table) for table in sorted(before)] == [0, 0]


async def test_only_pages_that_came_since_are_looked_at(connection: asyncpg.Connection):
    await connection.execute(FILL.format("one"))
    before = await pages.filled(connection)
    await connection.execute(FILL.format("one"))
    await connection.execute(FILL.format("other"))
    await pages.look(connection, before)
    assert 0 < await written(connection, "one") <= before["one"]
    assert await written(connection, "other") == 0


async def test_where_nothing_was_filled_nothing_is_looked_at(connection: asyncpg.Connection):
    await connection.execute(FILL.format("one"))
    await pages.look(connection, await pages.filled(connection))
    assert await written(connection, "one") > 100
