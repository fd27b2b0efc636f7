"""Looking at rows that were just written, while their pages are in memory."""

import asyncpg

from projector.beside import NEXT

Pages = dict[str, int]
FILLED = """
SELECT relname, pg_relation_size(oid) / current_setting('block_size')::bigint AS pages FROM pg_class
WHERE relnamespace = $1::regnamespace AND relkind = 'r'
"""


async def filled(connection: asyncpg.Connection) -> Pages:
    """Return how many pages each new table has."""
    return {row["relname"]: row["pages"] for row in await connection.fetch(FILLED, NEXT)}


async def look(connection: asyncpg.Connection, before: Pages) -> None:
    """Have PostgreSQL note in the rows of all pages that came since that their transaction is committed.

    Who reads a row first does that, and so writes its page again, to the write-ahead log too after a
    checkpoint. It is noted of commits that are on the disk only: they must not be asynchronous.
    """
    looks = [
        f"(SELECT count(*) FROM {table} WHERE ctid >= '({before[table]},0)')"  # noqa: S608 - our names
        for table, pages in (await filled(connection)).items()
        if pages > before[table]
    ]
    if looks:
        await connection.execute(f"SELECT {', '.join(looks)}")
