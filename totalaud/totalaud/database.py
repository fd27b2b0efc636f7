"""Why PostgreSQL cannot be asked, said in the same words to whoever wanted to."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from shared.outage import DATABASE_AWAY
from shared.suited import MISCONFIGURED, POOLED, POOLER, without_hint
from shared.urls import DATABASE_URL
from totalaud.connection import place, way_out
from totalaud.errors import Unreachable

NOT_LET_IN = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    *POOLED,
    *MISCONFIGURED,
)
NOT_TO_BE_HAD = (*DATABASE_AWAY, *NOT_LET_IN)


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Raise Unreachable for what says that the server of this URL is away, or lets nobody in by it."""
    try:
        yield
    except NOT_TO_BE_HAD as error:
        raise unreachable(url, error) from None


def unreachable(url: str, error: Exception) -> Unreachable:
    """Name the server and what is wrong with it, without what the URL holds beside."""
    match error:
        case asyncpg.InvalidAuthorizationSpecificationError():
            why = f"PostgreSQL at {place(url)} refuses this name and password"
        case asyncpg.InvalidCatalogNameError():
            why = f"PostgreSQL at {place(url)} has no database of this name"
        case asyncpg.InsufficientPrivilegeError():
            why = f"PostgreSQL at {place(url)} does not let this name do that ({error})"
        case _ if isinstance(error, POOLED):
            why = f"{place(url)}: {POOLER}"
        case _ if isinstance(error, MISCONFIGURED):
            why = f"PostgreSQL at {place(url)} cannot be asked so ({without_hint(error)})"
        case asyncpg.ReadOnlySQLTransactionError():
            why = f"PostgreSQL at {place(url)} takes no changes now"
        case asyncpg.DiskFullError():
            return Unreachable(f"PostgreSQL at {place(url)} has no room on its disk: make room there")
        case asyncpg.TooManyConnectionsError():
            why = f"PostgreSQL at {place(url)} takes no more connections"
        case asyncpg.QueryCanceledError() | asyncpg.LockNotAvailableError():
            return Unreachable(
                f"PostgreSQL at {place(url)} gave up on it ({error}): tables are held by somebody, "
                "or the timeouts of this name are too short"
            )
        case asyncpg.ObjectNotInPrerequisiteStateError():
            why = f"PostgreSQL at {place(url)} does not do that now ({error})"
        case _:
            why = f"no PostgreSQL answers at {place(url)} ({type(error).__name__})"
    return Unreachable(f"{why}: {way_out(DATABASE_URL)}")
