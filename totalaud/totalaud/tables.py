"""Reading the read model: the seed's tables, by SQL that anybody could write."""

import asyncio
import json
from typing import Any
from uuid import UUID

import asyncpg

from shared.json import check
from shared.own_settings import TABLES, as_it_is
from shared.reaching import postgres
from shared.refusal import Refusal
from totalaud.database import NOT_TO_BE_HAD, unreachable
from totalaud.errors import Closed, Unreachable
from totalaud.own_loop import OwnLoop

CONNECT_S, COMMAND_S = 5.0, 60.0
CATCH_UP_S = 10.0
LOOK_EVERY_S = (0.01, 0.1)

SESSION = "SELECT * FROM agent_sessions WHERE id = $1"
STEPS = "SELECT * FROM agent_session_steps WHERE session_id = $1 ORDER BY step_number"
EXECUTIONS = (
    "SELECT * FROM skill_executions WHERE agent_session_id = $1 ORDER BY started_at, step_number, attempt"
)
MODEL_CALLS = """
SELECT step_number, attempt_id, item, number, purpose, provider, model, outcome, failed_checks, input_tokens,
  output_tokens, cached_tokens, cost_usd, list_price_usd, price_version, in_doubt_usd, simulated, started_at,
  duration_ms
FROM model_calls WHERE agent_session_id = $1 ORDER BY step_number, started_at, item, number
"""
SESSIONS = """
SELECT id, agent_name, user_id, status, current_step, total_steps, tokens_used, cost_usd, duration_ms,
  created_at, completed_at, waiting_on, failed_step, error_code, error_message, trace_id, started_at,
  list_price_usd, unpriced_calls, simulated, last_seq, budget_usd, budget_policy, in_doubt_usd, late_usd
FROM agent_sessions
WHERE ($1::uuid IS NULL OR user_id = $1) AND ($2::text IS NULL OR status = $2)
ORDER BY created_at DESC, id LIMIT $3
"""
SKILLS = "SELECT * FROM skills ORDER BY name"
COST = """
SELECT id AS session_id, tokens_used AS total_tokens, cost_usd AS total_cost_usd, duration_ms
FROM agent_sessions WHERE id = $1
"""
CHECKPOINT = "SELECT seq FROM checkpoint"


class Tables:
    """A small pool that connects when it is first asked; raises Unreachable while PostgreSQL is away."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._pool: asyncpg.Pool | None = None
        self._closed = False
        self._loop = OwnLoop()

    async def rows(self, sql: str, *values: Any, within_s: float | None = None) -> list[dict[str, Any]]:
        """Return rows with jsonb as Python values; texts that no table can hold are refused.

        They are waited for for a minute, but where it is known that there is much to look through.
        """
        for value in values:
            check(value)
        for tries_left in (1, 0):
            try:
                pool = await self._connected()
                return [dict(row) for row in await pool.fetch(sql, *values, timeout=within_s)]
            except asyncpg.UndefinedTableError:
                raise Unreachable("there is no read model yet: is the projector running?") from None
            except NOT_TO_BE_HAD as error:
                if not tries_left:
                    raise unreachable(self._url, error) from None
        raise AssertionError

    async def row(self, sql: str, *values: Any) -> dict[str, Any] | None:
        found = await self.rows(sql, *values)
        return found[0] if found else None

    async def session(self, session_id: UUID) -> dict[str, Any] | None:
        return await self.row(SESSION, session_id)

    async def caught_up(self, seq: int) -> None:
        """Return once the projection has reached a sequence of the log; refuse after ten seconds."""
        if seq <= 0:
            return
        wait, longest = LOOK_EVERY_S
        loop = asyncio.get_running_loop()
        until = loop.time() + CATCH_UP_S
        while True:
            have = await self.row(CHECKPOINT)
            if have is not None and have["seq"] >= seq:
                return
            if loop.time() > until:
                reached = have["seq"] if have else "nothing yet"
                raise Refusal(
                    "not_projected",
                    "min_seq",
                    f"the projection has {reached}, not {seq}: see 'totalaud projection status'",
                )
            await asyncio.sleep(wait)
            wait = min(wait * 1.5, longest)

    async def close(self) -> None:
        self._closed = True
        if self._pool is not None:
            await self._pool.close()

    async def _connected(self) -> asyncpg.Pool:
        self._loop.check()
        if self._closed:
            raise Closed
        if self._pool is None:
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=0,
                max_size=4,
                timeout=CONNECT_S,
                command_timeout=COMMAND_S,
                server_settings=TABLES,
                connect=postgres,
                init=_read_json,
                reset=as_it_is,
            )
        return self._pool


async def _read_json(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
