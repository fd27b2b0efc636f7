"""Roles of PostgreSQL for users who read the tables themselves: each sees the rows of one user."""

import hashlib
import hmac
import os
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg

from shared.reaching import postgres
from shared.readers import role_of
from shared.refusal import Refusal
from shared.urls import DATABASE_URL
from totalaud.database import reaching

CONNECT_S = 5.0
WHO_MAY = "a superuser of that server may"
ITERATIONS = 4096
LIMITS = "LOGIN INHERIT NOCREATEDB NOCREATEROLE CONNECTION LIMIT 8"
SETTINGS = {
    "search_path": "public",
    "default_transaction_read_only": "on",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "5min",
    "temp_file_limit": "1GB",
}
CREDENTIALS = ("user", "password", "passfile")
FORBIDDEN = (asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)
FOR_ALL = """
DO $$ DECLARE function regprocedure; own name; other name; BEGIN
  EXECUTE format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
  REVOKE CREATE ON SCHEMA public FROM PUBLIC;
  FOR function IN SELECT oid FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace
    AND proname ~ '^(lo_|pg_(try_)?advisory_(xact_)?lock|pg_logical_emit)'
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', function);
    FOR own IN SELECT current_user
      UNION SELECT tableowner FROM pg_tables WHERE schemaname IN ('public', 'vault')
    LOOP
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', function, own);
    END LOOP;
  END LOOP;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolcanlogin AND NOT rolsuper AND rolname !~ '^reader_')
  THEN
    FOR other IN SELECT datname FROM pg_database WHERE datname <> current_database() LOOP
      EXECUTE format('REVOKE CONNECT ON DATABASE %I FROM PUBLIC', other);
    END LOOP;
  END IF;
END $$
"""
ENTER = """
DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO {role}', current_database()); END $$
"""
TURN = "SELECT pg_advisory_xact_lock(hashtext('totalaud reader'))"
DISCONNECT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1"


async def add(database_url: str, user: UUID) -> str:
    """Return a URL by which the user reads their own rows; one that was given before is void.

    The server gets a verifier, never the password. What every role may do by default is taken from all but
    the services' own, whose tables these are, whoever asks for it: temporary tables, large objects, messages
    in the log of writes, and advisory locks, by which the services take turns. Other databases of the server
    are closed too, unless others log in there.
    """
    role, password = role_of(user), secrets.token_urlsafe(24)
    async with _allowed_to("make", database_url) as connection, connection.transaction():
        await connection.execute(TURN)
        await connection.execute(FOR_ALL)
        verb = "ALTER" if await _exists(connection, role) else "CREATE"
        await connection.execute(f"{verb} ROLE {role} {LIMITS} PASSWORD '{verifier(password)}'")
        await connection.execute(ENTER.format(role=role))
        for name, value in SETTINGS.items():
            await connection.execute(f"ALTER ROLE {role} SET {name} = '{value}'")
    return _of(database_url, role, password)


async def remove(database_url: str, user: UUID) -> bool:
    """Drop the user's role and end its connections; False when there was none."""
    role = role_of(user)
    async with _allowed_to("drop", database_url) as connection:
        if not await _exists(connection, role):
            return False
        await connection.execute(f"ALTER ROLE {role} NOLOGIN")
        await connection.execute(DISCONNECT, role)
        await connection.execute(f"DROP OWNED BY {role}")
        await connection.execute(f"DROP ROLE {role}")
    return True


def verifier(password: str) -> str:
    """Return what PostgreSQL keeps of a password (SCRAM-SHA-256, RFC 5803)."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${ITERATIONS}:{_text(salt)}${_text(stored)}:{_text(server)}"


def _of(database_url: str, role: str, password: str) -> str:
    """Return the URL with these credentials in place of those that it has, which may stand in two places."""
    parts = urlsplit(database_url)
    kept = [one for one in parts.query.split("&") if one.partition("=")[0] not in CREDENTIALS]
    place = parts.netloc.rsplit("@", 1)[-1]
    return urlunsplit(parts._replace(netloc=f"{role}:{password}@{place}", query="&".join(kept)))


def _text(data: bytes) -> str:
    return b64encode(data).decode()


async def _exists(connection: asyncpg.Connection, role: str) -> bool:
    return bool(await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role))


@asynccontextmanager
async def _allowed_to(change: str, database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Connect; raises Refusal where the role of the URL may not change others so."""
    with reaching(database_url):
        connection = await postgres(database_url, timeout=CONNECT_S)
    try:
        yield connection
    except FORBIDDEN:
        why = f"{DATABASE_URL}: this role may not {change} others, {WHO_MAY}"
        raise Refusal("forbidden", None, why) from None
    finally:
        await connection.close()
