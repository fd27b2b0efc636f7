"""What a runner itself reads from the read model: what was found before, and who objected."""

import asyncio
import json
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import asyncpg

from shared.own_settings import PATIENT, TABLES, as_it_is
from shared.reaching import postgres
from shared.usage import Cached, Usage

CONNECTIONS = 4
CONNECT_S = 3.0
FIRST_S, LONGEST_S, GROWTH = 0.002, 0.02, 1.5
SETTINGS = {
    "application_name": "totalaud-cache",
    "default_transaction_read_only": "on",
    "plan_cache_mode": "force_custom_plan",
    **TABLES,
    **PATIENT,
}
MINE = "(SELECT s.seq FROM snapshots s WHERE s.user_id = $1)"
OF_ALL_USERS = "(SELECT max(s.seq) FROM snapshots s WHERE $1::uuid IS NOT NULL)"
CHANGED = "SELECT c.seq, coalesce({data}, 0) AS data FROM checkpoint c"
FIND = """
SELECT id, output::text, warnings::text, provider, model, cost_usd, list_price_usd, simulated
FROM skill_executions
WHERE id = (
  SELECT id FROM skill_executions
  WHERE user_id = $1 AND cache_key = $2 AND status = 'success' AND NOT cache_hit AND started_at >= $3
  ORDER BY started_at DESC LIMIT 1
)
"""

OBJECTED = "SELECT id FROM contacts WHERE user_id = $1 AND id = ANY($2::uuid[]) AND (suppressed OR erased)"


class Earlier(NamedTuple):
    """A result and the attempt it is from; `provider` is None where no model was asked."""

    attempt_id: UUID
    output: Any
    warnings: list[str]
    provider: str | None
    model: str | None
    cost_usd: Decimal | None
    list_price_usd: Decimal | None
    simulated: bool

    @property
    def usage(self) -> Usage | None:
        """What serving it again uses: nothing, and a simulated text stays one."""
        if self.provider is None:
            return None
        return Usage(
            provider=self.provider,
            model=self.model or "",
            calls=0,
            cost_usd=Decimal(0),
            list_price_usd=Decimal(0),
            simulated=self.simulated,
        )

    @property
    def cached(self) -> Cached:
        return Cached(
            from_attempt=self.attempt_id,
            saved_usd=self.cost_usd,
            saved_list_price_usd=self.list_price_usd,
        )


class Results(Protocol):
    """The results of the past; whatever goes wrong with them is an exception, and then there are none."""

    async def changed(self, user: UUID, log_seq: int, *, cohort: bool) -> int:
        """Return after which commit the user's records last changed, with `cohort` anybody's.

        Waits, without a bound of its own, until all up to `log_seq` can be seen.
        """
        ...

    async def find(self, user: UUID, key: str, since: datetime) -> Earlier | None:
        """Return the newest result of that key that began at `since` or later."""
        ...


class ProjectedResults:
    """Keeps the promises of `Results` with the tables."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    @classmethod
    async def connect(cls, database_url: str) -> "ProjectedResults":
        """Prepare a small pool; Postgres need not be there yet."""
        return cls(
            await asyncpg.create_pool(
                database_url,
                min_size=0,
                max_size=CONNECTIONS,
                connect=postgres,
                reset=as_it_is,
                timeout=CONNECT_S,
                server_settings=SETTINGS,
            )
        )

    async def changed(self, user: UUID, log_seq: int, *, cohort: bool) -> int:
        sql, pause = CHANGED.format(data=OF_ALL_USERS if cohort else MINE), FIRST_S
        while True:
            found = await self._rows(sql, user)
            if found and found[0]["seq"] >= log_seq:
                return int(found[0]["data"])
            await asyncio.sleep(pause)
            pause = min(GROWTH * pause, LONGEST_S)

    async def find(self, user: UUID, key: str, since: datetime) -> Earlier | None:
        found = await self._rows(FIND, user, key, since)
        if not found:
            return None
        id_, output, warnings, *used = found[0]
        return Earlier(id_, json.loads(output or "null"), json.loads(warnings or "[]"), *used)

    async def objected(self, user: UUID, people: set[UUID], log_seq: int) -> set[UUID]:
        """Keep the promise of `Contacts` (`objections`)."""
        await self.changed(user, log_seq, cohort=False)
        return {row["id"] for row in await self._rows(OBJECTED, user, [*people])}

    async def close(self) -> None:
        self._pool.terminate()

    async def _rows(self, sql: str, *values: Any) -> list[asyncpg.Record]:
        """Give the connection up with the question: the pool would wait for an answer that may never come."""
        async with self._pool.acquire() as connection:
            try:
                return list(await connection.fetch(sql, *values))
            except asyncio.CancelledError:
                connection.terminate()
                raise
