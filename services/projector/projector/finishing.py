"""What full tables get before anybody reads them: foreign keys, indexes for readers, and statistics."""

import asyncio
from collections.abc import Iterator

import asyncpg

from projector.beside import NEXT
from projector.database import connected
from projector.ddl import keys_of

HANDS = 2
STATEMENT_S = 3600
LARGEST_FIRST = """
SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r'
ORDER BY pg_table_size(oid) DESC, relname
"""
WHOLE_TABLES = {"enable_seqscan": "on", "enable_hashjoin": "on", "synchronous_commit": "off"}


async def finish(connection: asyncpg.Connection, url: str, *, keys: bool) -> None:
    """Finish the new tables on several connections, each a table at a time.

    Raises what the first failed with: ForeignKeyViolationError for a row that refers to none, where the keys
    are asked for. Two never wait for each other: a key locks its own table, then the one that it refers to.
    """
    left = iter([row["relname"] for row in await connection.fetch(LARGEST_FIRST, NEXT)])
    try:
        async with asyncio.TaskGroup() as hands:
            for _ in range(HANDS):
                hands.create_task(_finish(url, left, keys=keys))
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


async def _finish(url: str, left: Iterator[str], *, keys: bool) -> None:
    async with connected(url, NEXT, **WHOLE_TABLES) as connection:
        for table in left:
            for statement in (*(keys_of(table) if keys else ()), f"ANALYZE {table}"):
                await connection.execute(statement, timeout=STATEMENT_S)
