"""What our connections to PostgreSQL set for themselves, whatever their role or database is set to.

With NEWEST who has waited for a lock sees what was committed meanwhile. TABLES are found by their names, and
PATIENT is who has a deadline of their own: whoever is killed by it leaves no query running.
"""

from typing import Any

NEWEST = {"default_transaction_isolation": "read committed"}
TABLES = {"search_path": "public"}
PATIENT = {"statement_timeout": "0", "lock_timeout": "0", "client_connection_check_interval": "1s"}
_UNHURRIED = "SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout'"


async def unhurried(connection: Any) -> None:
    """Belongs to PATIENT, but cannot be asked for when connecting: before 17 PostgreSQL does not know it."""
    await connection.execute(_UNHURRIED)


async def as_it_is(_: Any) -> None:
    """Give a connection back to its pool as it is: we set nothing on one, and a reset is a round trip."""
