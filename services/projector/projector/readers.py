"""Who reads the tables for so long that a rebuild cannot put others in their place."""

from datetime import timedelta

import asyncpg

from projector.beside import LAST
from projector.database import LIVE

LONG_S = 5
READERS = """
SELECT DISTINCT pid, usename AS role, application_name AS program, xact_start AS since
FROM pg_locks JOIN pg_stat_activity USING (pid) JOIN pg_class ON pg_class.oid = relation
WHERE database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname = ANY($1)) AND granted
  AND backend_type = 'client backend' AND application_name <> current_setting('application_name')
  AND coalesce(xact_start, '-infinity') < clock_timestamp() - $2::interval
ORDER BY since, pid
"""


async def waited_for(connection: asyncpg.Connection) -> str | None:
    """Say whose transactions they are; since when is kept from who may not look at others' work."""
    rows = await connection.fetch(READERS, (LIVE, LAST), timedelta(seconds=LONG_S))
    told = ", ".join(map(_told, rows))
    return f"transactions of PostgreSQL that read the tables: {told}" if rows else None


def _told(row: asyncpg.Record) -> str:
    program = f", {row['program']}" if row["program"] else ""
    since = f"; since {row['since']:%Y-%m-%d %H:%M:%S} UTC" if row["since"] else ""
    return f"process {row['pid']} ({row['role']}{program}{since})"
