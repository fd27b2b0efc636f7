"""Wraps all that the vault keeps by another master key, in one transaction."""

from collections.abc import Callable

import asyncpg

from shared.own_settings import NEWEST, PATIENT, unhurried
from shared.reaching import postgres
from totalaud.rekey.rewrapping import Rewrapping

CONNECT_S = 5.0
PAGE = 10_000
SETTINGS = {**NEWEST, **PATIENT, "lock_timeout": "10s", "idle_in_transaction_session_timeout": "0"}
LOCK = "lock table vault.keys, vault.ids in access exclusive mode"
DRAFT = "create table vault.rewrapped (like vault.keys)"
COLUMNS = ("user_id", "person", "wrapped", "created_at")
KEYS = "declare each_key no scroll cursor for select user_id, person, wrapped, created_at from vault.keys"
IDS = "select wrapped from vault.ids"
PUT = """
truncate vault.keys;
insert into vault.keys select * from vault.rewrapped;
drop table vault.rewrapped
"""
PUT_IDS = """
insert into vault.ids (wrapped) values ($1)
on conflict (one) do update set wrapped = excluded.wrapped, since = now()
"""


async def change(database_url: str, rewrapping: Rewrapping, keep: Callable[[], None]) -> None:
    """`keep` puts the new master key where it is found again, just before the vault needs it.

    The keys come into a new file of PostgreSQL's: in the one that is there, those that the old master key
    opens would stay until a vacuum.
    """
    connection = await postgres(database_url, timeout=CONNECT_S, server_settings=SETTINGS)
    try:
        await unhurried(connection)
        async with connection.transaction():
            await connection.execute(LOCK)
            await connection.execute(DRAFT)
            await _keys(connection, rewrapping)
            await connection.execute(PUT)
            before = await connection.fetchval(IDS)
            if (after := rewrapping.ids(before)) != before:
                await connection.execute(PUT_IDS, after)
            keep()
    finally:
        await connection.close(timeout=CONNECT_S)


async def _keys(connection: asyncpg.Connection, rewrapping: Rewrapping) -> None:
    await connection.execute(KEYS)
    while page := await connection.fetch(f"fetch {PAGE} from each_key"):
        rows = [
            (user, person, rewrapping.key(user, person, wrapped), at) for user, person, wrapped, at in page
        ]
        await connection.copy_records_to_table(
            "rewrapped", schema_name="vault", columns=COLUMNS, records=rows
        )
    await connection.execute("close each_key")
