"""Whether what answers by TOTALAUD_DATABASE_URL will do: a PostgreSQL new enough, and nothing before it.

A pooler keeps from it what we rely on: our settings, locks that last as long as a connection, prepared
statements. What is refused here does not pass by itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
from asyncpg.exceptions import ClientConfigurationError

from shared.own_settings import PATIENT
from shared.refusal import Refusal
from shared.urls import DATABASE_URL

OLDEST = 15
POOLER = "a pooler answers there, such as pgbouncer, which we cannot work through: name PostgreSQL itself"
POOLED = (
    asyncpg.ProtocolViolationError,
    asyncpg.DuplicatePreparedStatementError,
    asyncpg.InvalidSQLStatementNameError,
)
MISCONFIGURED = (ClientConfigurationError, asyncpg.UndefinedObjectError, asyncpg.InvalidParameterValueError)
MARK = "client_connection_check_interval"


@contextmanager
def suiting() -> Iterator[None]:
    """Raise Refusal for a pooler, and for a URL that asks for what is not known."""
    try:
        yield
    except POOLED:
        raise _refused("pooler", POOLER) from None
    except MISCONFIGURED as error:
        raise _refused("invalid", without_hint(error)) from None


async def check(connection: Any) -> None:
    """Raise Refusal for an old server, and for one that has not what PATIENT sets: a pooler dropped it."""
    if (major := connection.get_server_version().major) < OLDEST:
        why = f"PostgreSQL {major} is too old: {OLDEST} or newer is needed; upgrade the server"
        raise Refusal("old_server", "postgres", why)
    with suiting():
        found = await connection.fetchval(f"SHOW {MARK}")
    if found != PATIENT[MARK]:
        raise _refused("pooler", POOLER)


def without_hint(error: Exception) -> str:
    """Return what asyncpg says, in one line."""
    return str(error).partition("\n")[0]


def _refused(code: str, why: str) -> Refusal:
    return Refusal(code, DATABASE_URL, f"{DATABASE_URL}: {why}")
