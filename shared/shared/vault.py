"""The vault: one data key per person, wrapped by the master key, in Postgres apart from all values.

Deleting a key erases the person wherever the sealed values lie. A key is made before its first use and
never changed; that of an erased person is never made again.

What is asked takes as few round trips as it can, for PostgreSQL may be far away: arrays are of texts, since
asyncpg asks a new connection six times what an array of anything else is.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from shared.coming import Coming
from shared.key_cache import KeyCache
from shared.keyring import KEY_BYTES, Ids, Keyring
from shared.outage import DATABASE_AWAY, NOTICED_WHEN_GONE
from shared.own_settings import NEWEST, as_it_is
from shared.refusal import Refusal

ANSWER_S, CONNECT_S = 2.0, 5.0
CONNECTIONS = 4
TRIES = 2
AWAY = "the vault is away: try again"
NOT_THERE_YET = (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError, asyncpg.InvalidCatalogNameError)

SELECT = """
select person, wrapped from vault.keys where user_id = $1 and person = any($2::text[]::uuid[])
union all
select person, null from vault.erased where user_id = $1 and person = any($2::text[]::uuid[])
"""
INSERT = """
insert into vault.keys (user_id, person, wrapped)
select $1, person::uuid, decode(wrapped, 'hex') from unnest($2::text[], $3::text[]) as made (person, wrapped)
on conflict do nothing
"""
KEPT = """
select (select wrapped from vault.ids), user_id, person, wrapped
from (values (1)) as one left join (select * from vault.keys limit 1) as any_key on true
"""
ERASE = "insert into vault.erased (user_id, person) values ($1, $2) on conflict do nothing returning true"
DELETE = "delete from vault.keys where user_id = $1 and person = $2 returning true"
SHARED, ALONE = "begin; select pg_advisory_xact_lock_shared({})", "begin; select pg_advisory_xact_lock({})"

T = TypeVar("T")
Keys = dict[UUID, bytes | None]
Find = Callable[[Any, UUID, set[UUID]], Awaitable[Keys]]
Tell = Callable[[UUID, UUID], Awaitable[None]]


class Unavailable(Refusal):
    """Postgres is away: what needs a key that is not in memory has to wait. `reason` is for the log."""

    def __init__(self, message: str = AWAY, *, reason: str | None = None) -> None:
        super().__init__("unavailable", None, message)
        self.reason = reason


class Erased(Refusal):
    """Who was erased gets no key again."""

    def __init__(self) -> None:
        super().__init__("erased", None, "the person was erased")


class Vault:
    """Keys by user and person; every call may raise Unavailable, except for keys in memory."""

    def __init__(self, pool: asyncpg.Pool, coming: Coming, keyring: Keyring) -> None:
        self._pool = pool
        self._coming = coming
        self._keyring = keyring
        self._cache = KeyCache()
        self._tell: Tell | None = None
        self._ids: Ids | None = None

    @classmethod
    async def connect(cls, database_url: str, master_key: bytes) -> "Vault":
        """Prepare a small pool; Postgres need not be there yet."""
        coming = Coming()
        pool = await asyncpg.create_pool(
            database_url,
            min_size=0,
            max_size=CONNECTIONS,
            connect=coming.connect,
            reset=as_it_is,
            timeout=CONNECT_S,
            command_timeout=ANSWER_S,
            server_settings={
                "application_name": "totalaud-vault",
                "search_path": "pg_catalog",
                **NOTICED_WHEN_GONE,
                **NEWEST,
            },
        )
        return cls(pool, coming, Keyring(master_key))

    async def check_master_key(self) -> None:
        """Raise BadMasterKey where another master key has made the keys that are there."""
        await self._ask(self._learn)

    async def ids(self) -> Ids:
        """Return what tells who is meant; Postgres is asked once."""
        if self._ids is None:
            return await self._ask(self._learn)
        return self._ids

    async def keys(self, user: UUID, people: Iterable[UUID]) -> dict[UUID, bytes | None]:
        """Return the key of each person, None for one who is erased or unknown."""
        wanted = set(people)
        found = await self._found(user, wanted, self._read)
        return {person: found.get(person) for person in wanted}

    async def make_keys(self, user: UUID, people: Iterable[UUID]) -> dict[UUID, bytes]:
        """Return the key of each person, made where there is none; those who were erased are left out."""
        found = await self._found(user, set(people), self._make)
        return {person: key for person, key in found.items() if key is not None}

    async def erase(self, user: UUID, person: UUID) -> bool:
        """Delete the person's key for ever; False when that had been done before."""

        async def delete(connection: Any) -> bool:
            await connection.execute(ALONE.format(_lock(user)))
            first = await connection.fetchval(ERASE, user, person)
            deleted = await connection.fetchval(DELETE, user, person)
            await connection.execute("commit")
            return bool(first or deleted)

        erased = await self._ask(delete)
        self.forget(user, person)
        if self._tell is not None:
            await self._tell(user, person)
        return erased

    def when_erased(self, tell: Tell) -> None:
        """Have each erasure told to other processes, those too that had been done before."""
        self._tell = tell

    def forget(self, user: UUID, person: UUID) -> None:
        """Know, without Postgres, that the person is erased."""
        self._cache.keep(user, {person: None})

    def forget_all(self) -> None:
        """Keep no key in memory: an erasure may not have been heard."""
        self._cache.clear()

    async def close(self) -> None:
        self._pool.terminate()
        self._coming.terminate()

    async def _found(self, user: UUID, wanted: set[UUID], find: Find) -> Keys:
        """Look in memory for keys, and have the others found in Postgres."""
        found = self._cache.fresh(user, wanted)
        if missing := wanted - found.keys():
            try:
                more = await self._ask(lambda connection: find(connection, user, missing))
            except Unavailable:
                more = self._cache.during_outage(user, missing)
                if missing - more.keys():
                    raise
            else:
                self._cache.drop(user, missing - more.keys())
                self._cache.keep(user, more)
            found |= more
        return found

    async def _read(self, connection: Any, user: UUID, people: Iterable[UUID]) -> Keys:
        read: Keys = {}
        for person, wrapped in await connection.fetch(SELECT, user, list(map(str, people))):
            if wrapped is None:
                read[person] = None
            else:
                read.setdefault(person, self._keyring.unwrap(user, person, wrapped))
        return read

    async def _learn(self, connection: Any) -> Ids:
        """Without a row, the master key is the vault's first, and ids come from it."""
        kept, user, person, wrapped = await connection.fetchrow(KEPT)
        if wrapped is not None:
            self._keyring.unwrap(user, person, wrapped)
        self._ids = ids = self._keyring.ids if kept is None else self._keyring.unwrap_ids(kept)
        return ids

    async def _make(self, connection: Any, user: UUID, people: set[UUID]) -> Keys:
        """An erasure waits for the makers of the same user, so no key is made behind its back.

        Nor is one made beside those of another master key: neither of the two would open all of them. Who
        changes it has the table to themselves, so what was learned after reading there holds until the end.
        """
        read = await self._read(connection, user, people)
        if not people - read.keys():
            return read
        await connection.execute(SHARED.format(_lock(user)))
        new = sorted(people - (await self._read(connection, user, people)).keys())
        await self._learn(connection)
        wrapped = [self._keyring.wrap(user, person, os.urandom(KEY_BYTES)).hex() for person in new]
        await connection.execute(INSERT, user, list(map(str, new)), wrapped)
        made = await self._read(connection, user, people)
        await connection.execute("commit")
        return made

    async def _ask(self, ask: Callable[[Any], Awaitable[T]]) -> T:
        """A connection that died with its server is replaced once; who asks is told before they give up.

        ANSWER_S is for each answer: over a slow line all of them together may take longer.

        Whatever PostgreSQL has against these few statements is no fault of who asks, and passes: it takes no
        changes for a while, or no password that was changed. Connections are made anew then, for one to a
        server that has become another one's copy would never take any.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + ANSWER_S
        for tries_left in reversed(range(TRIES)):
            try:
                async with asyncio.timeout_at(until) as waiting, self._pool.acquire() as connection:
                    waiting.reschedule(None)
                    return await _answered(ask, connection)
            except (*DATABASE_AWAY, asyncpg.PostgresError) as error:
                if tries_left and isinstance(error, DATABASE_AWAY) and loop.time() < until:
                    continue
                await self._pool.expire_connections()
                raise Unavailable(_why(error), reason=type(error).__name__) from None
        raise AssertionError


async def _answered(ask: Callable[[Any], Awaitable[T]], connection: Any) -> T:
    """Drop a connection that failed: its transaction ends so, and the pool would wait for an answer."""
    try:
        return await ask(connection)
    except BaseException:
        connection.terminate()
        raise


async def migrate(database_url: str) -> None:
    """Bring schema `vault` up to date; any number of processes may do so at once.

    Raises what `shared.outage` lists while PostgreSQL is away, and what it says to whom it does not let in.
    """
    from shared.migrations.upgrade import upgrade

    await upgrade(database_url)


def _why(error: Exception) -> str:
    match error:
        case asyncpg.InsufficientPrivilegeError():
            return "this role may not see the vault"
        case asyncpg.InvalidAuthorizationSpecificationError():
            return "PostgreSQL refuses the name and password of the vault"
        case _ if isinstance(error, NOT_THERE_YET):
            return "the vault is not set up yet: try again, or run 'totalaud provision'"
        case _:
            return AWAY


def _lock(user: UUID) -> int:
    return int.from_bytes(user.bytes[:8], signed=True)
