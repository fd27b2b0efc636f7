"""The vault's wrapped keys as a file of lines, and back. The master key is never among them."""

import json
from base64 import b64decode, b64encode
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import asyncpg

from shared.keyring import BadMasterKey, Ids, Keyring
from shared.own_settings import PATIENT, unhurried
from shared.reaching import postgres
from shared.refusal import Refusal
from shared.vault import Vault
from totalaud.backup.manifest import KEYS_FILE
from totalaud.database import reaching

PAGE = 1000
CONNECT_S = 5.0
KEPT = "select wrapped, since from vault.ids"
KEYS = "select user_id, person, wrapped from vault.keys order by user_id, person"
GONE = "select user_id, person from vault.erased order by user_id, person"
SHARE = "lock table vault.keys, vault.ids in access share mode"
LOCK = "lock table vault.erased in share row exclusive mode"
ERASE = """
insert into vault.erased (user_id, person) select * from unnest($1::uuid[], $2::uuid[]) on conflict do nothing
"""
FORGET = "delete from vault.keys k using vault.erased e where (k.user_id, k.person) = (e.user_id, e.person)"
INSERT = """
insert into vault.keys (user_id, person, wrapped)
select * from unnest($1::uuid[], $2::uuid[], $3::bytea[]) on conflict do nothing
"""
OTHERS = """
select count(*) from vault.keys k
join unnest($1::uuid[], $2::uuid[], $3::bytea[]) as n (user_id, person, wrapped)
on (k.user_id, k.person) = (n.user_id, n.person) and k.wrapped <> n.wrapped
"""
OTHER_MASTER_KEY = """
select (select wrapped from vault.ids) is distinct from $1::bytea
and exists (select from vault.keys union all select from vault.ids)
"""
KEEP = "insert into vault.ids (wrapped, since) values ($1, $2) on conflict do nothing"
Person = tuple[UUID, UUID]
WAY_OUT = "restore into an empty database, or the log alone with --only log"


@dataclass(frozen=True, slots=True)
class Kept:
    """What ids are derived by, wrapped by a master key that they no longer come from `since` then."""

    wrapped: bytes
    since: datetime


async def lines(database_url: str) -> AsyncGenerator[tuple[bool | Kept, bytes], None]:
    """Yield the file's lines, the vault as it is at one moment; with each whether it is a key's.

    The others are those of erased persons, and what is kept of an earlier master key. A change of that is
    waited for before the moment is taken: who takes it first, and then waits, finds no key at all.

    Raises Unreachable, and Refusal where there is no vault.
    """
    try:
        with reaching(database_url):
            connection = await postgres(database_url, timeout=CONNECT_S, server_settings=PATIENT)
            try:
                await unhurried(connection)
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    await connection.execute(SHARE)
                    async for user, person, wrapped in connection.cursor(KEYS, prefetch=PAGE):
                        yield True, _line(user, person, key=b64encode(wrapped).decode())
                    async for user, person in connection.cursor(GONE, prefetch=PAGE):
                        yield False, _line(user, person, erased=True)
                    for wrapped, since in await connection.fetch(KEPT):
                        kept = {"ids": b64encode(wrapped).decode(), "since": since.isoformat()}
                        yield Kept(wrapped, since), _written(kept)
            finally:
                await connection.close()
    except (asyncpg.InvalidSchemaNameError, asyncpg.UndefinedTableError):
        raise Refusal("no_vault", "vault", "the vault is missing: run 'totalaud provision'") from None


@dataclass
class Keys(Vault):
    """The file's keys in memory, a vault of its own: whoever is erased here never reaches PostgreSQL."""

    keyring: Keyring
    kept: Kept | None = None
    wrapped: dict[Person, bytes] = field(default_factory=dict)
    erased: set[Person] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._keyring = self.keyring

    @classmethod
    def read(cls, folder: Path, master_key: bytes) -> Self:
        """Read the file; refuse a master key that does not open it."""
        found = cls(Keyring(master_key))
        with (folder / KEYS_FILE).open("rb") as file:
            for line in map(json.loads, file):
                match line:
                    case {"ids": wrapped, "since": since}:
                        found.kept = Kept(b64decode(wrapped), datetime.fromisoformat(since))
                    case {"user": user, "person": person, "key": wrapped}:
                        found.wrapped[UUID(user), UUID(person)] = b64decode(wrapped)
                    case _:
                        found.erased.add((UUID(line["user"]), UUID(line["person"])))
        found._check_opens()
        return found

    def _check_opens(self) -> None:
        """The master key may have been changed since the backup, or before it."""
        try:
            if self.kept:
                self.keyring.unwrap_ids(self.kept.wrapped)
            for whose, wrapped in list(self.wrapped.items())[:1]:
                self.keyring.unwrap(*whose, wrapped)
        except BadMasterKey:
            which = f"the one since {self.kept.since:%Y-%m-%d %H:%M} UTC" if self.kept else "the first one"
            raise BadMasterKey(
                f"the backup has another master key, that of its time ({which}): restore with that one, then "
                "change it with 'totalaud rekey'"
            ) from None

    async def ids(self) -> Ids:
        return self.keyring.unwrap_ids(self.kept.wrapped) if self.kept else self.keyring.ids

    async def keys(self, user: UUID, people: Iterable[UUID]) -> dict[UUID, bytes | None]:
        def key(person: UUID) -> bytes | None:
            wrapped = self.wrapped.get((user, person))
            return None if wrapped is None else self.keyring.unwrap(user, person, wrapped)

        return {person: key(person) for person in people}

    async def erase(self, user: UUID, person: UUID) -> bool:
        first = (user, person) not in self.erased
        self.erased.add((user, person))
        self.wrapped.pop((user, person), None)
        return first

    async def check(self, connection: asyncpg.Connection) -> None:
        """Refuse a vault in PostgreSQL that knows these persons by other keys."""
        if others := await connection.fetchval(OTHERS, *self._columns()):
            raise Refusal(
                "other_vault",
                "vault",
                f"the vault in PostgreSQL has other keys for {others} of these persons, so names would be "
                f"lost: {WAY_OUT}",
            )
        if await connection.fetchval(OTHER_MASTER_KEY, self.kept and self.kept.wrapped):
            raise Refusal(
                "other_vault",
                "vault",
                f"the vault in PostgreSQL has another master key than the backup: {WAY_OUT}",
            )

    async def put(self, connection: asyncpg.Connection) -> None:
        """Add the keys, at once or not at all; who is erased here or there stays so."""
        async with connection.transaction():
            users, people = _split(self.erased)
            await connection.execute(LOCK)
            await connection.execute(ERASE, users, people)
            await connection.execute(INSERT, *self._columns())
            if self.kept:
                await connection.execute(KEEP, self.kept.wrapped, self.kept.since)
            await connection.execute(FORGET)

    def _columns(self) -> tuple[list[UUID], list[UUID], list[bytes]]:
        return *_split(self.wrapped), list(self.wrapped.values())


def _line(user: UUID, person: UUID, **what: Any) -> bytes:
    return _written({"user": str(user), "person": str(person), **what})


def _written(line: dict[str, Any]) -> bytes:
    return json.dumps(line).encode() + b"\n"


def _split(persons: Iterable[Person]) -> tuple[list[UUID], list[UUID]]:
    listed = list(persons)
    return [user for user, _ in listed], [person for _, person in listed]
