"""Erases again, after a backup of the vault was restored, whoever the log says is erased."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from campaigns.crowd import for_each
from shared.erasure import erase_again
from shared.failures import NATS_AWAY
from shared.log import Log
from shared.outage import DATABASE_AWAY
from shared.own_settings import TABLES
from shared.reaching import postgres
from shared.vault import Unavailable, Vault, migrate

PAGE = 1000
AT_ONCE = 8
POLL_S = 2.0
PROJECTED = "select seq from checkpoint"
NEXT_PAGE = """
select user_id, id from contacts
where erased and (user_id, id) > ($1, $2)
order by user_id, id limit $3
"""
NOWHERE = (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError, asyncpg.InvalidCatalogNameError)


@dataclass(frozen=True, slots=True)
class Reapplying:
    """Runs once at a service's start: sets up the vault, then waits for the read model to know the log."""

    database_url: str
    log: Log
    vault: Vault

    async def run(self) -> None:
        """Try until it is done; Postgres, vault and read model may come later than we, and the log may go."""
        until = await self.log.last_seq()
        while not await self._try(until):
            await asyncio.sleep(POLL_S)

    async def _try(self, until: int) -> bool:
        try:
            await migrate(self.database_url)
            connection = await postgres(self.database_url, timeout=POLL_S, server_settings=TABLES)
            try:
                if (await connection.fetchval(PROJECTED) or 0) < until:
                    return False
                await self._reapply(connection)
            finally:
                await connection.close(timeout=POLL_S)
        except (Unavailable, *DATABASE_AWAY, *NOWHERE, *NATS_AWAY):
            return False
        return True

    async def _reapply(self, connection: asyncpg.Connection) -> None:
        last = (UUID(int=0), UUID(int=0))
        while page := await connection.fetch(NEXT_PAGE, *last, PAGE):
            await reapply_erasures(self.vault, self.log, [(row[0], row[1]) for row in page])
            last = (page[-1][0], page[-1][1])


async def reapply_erasures(vault: Vault, log: Log, contacts: list[tuple[UUID, UUID]]) -> None:
    """Delete the keys of those contacts (user, id) that have one, and of their names elsewhere."""
    by_user: dict[UUID, list[UUID]] = {}
    for user, contact_id in contacts:
        by_user.setdefault(user, []).append(contact_id)
    for user, ids in by_user.items():
        keys = await vault.keys(user, ids)

        async def erase(contact_id: UUID, user: UUID = user) -> None:
            await erase_again(vault, log, user, contact_id)

        await for_each([id_ for id_ in ids if keys[id_] is not None], erase, at_once=AT_ONCE)
