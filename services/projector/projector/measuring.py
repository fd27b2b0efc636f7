"""What operators measure of the tables: how far they are, and what in them is not at its end."""

import asyncpg
from nats.errors import Error as NatsError

from projector.database import AWAY, connected
from projector.live import Live
from shared.counts import Measured, gauge
from shared.refusal import Refusal

LOG = gauge("log_sequence", "The last sequence of the log.")
HALTED = gauge(
    "projection_halted", "1 while nothing is projected, and 'totalaud projection status' says why."
)
TABLES = gauge("tables_sequence", "The sequence of the log up to which the tables are filled.")
PARKED = gauge("parked_histories", "Histories that do not fit into the tables.")
OPEN = gauge("open_sessions", "Sessions that are not at their end, by what they wait for.", "waiting_on")
OLDEST = gauge("oldest_open_session_seconds", "For how long the oldest of them is there.", "waiting_on")

FAR = "SELECT seq, (SELECT count(*) FROM projection_errors) AS parked FROM checkpoint"
WAITING = """
SELECT coalesce(waiting_on, 'nothing') AS waits, count(*) AS many,
  extract(epoch FROM now() - min(created_at))::float8 AS oldest
FROM outstanding o JOIN agent_sessions s USING (id) WHERE o.noun = 'session' GROUP BY 1
"""
UNTOLD = (*AWAY, asyncpg.PostgresError, Refusal)
"""What keeps tables from being asked, also before they are made: the projector's own lines tell of it."""


class Measuring:
    """Each fails for itself: without PostgreSQL the log's end is told still, and why nothing is projected."""

    def __init__(self, database_url: str, live: Live) -> None:
        self._url = database_url
        self._live = live

    async def halted(self) -> Measured:
        return {HALTED: {(): bool(self._live.halted)}}

    async def log(self) -> Measured:
        try:
            return {LOG: {(): await self._live.origin.last_seq()}}
        except NatsError:
            return {}

    async def tables(self) -> Measured:
        try:
            async with connected(self._url) as connection:
                at = await connection.fetchrow(FAR)
                waiting = await connection.fetch(WAITING)
        except UNTOLD:
            return {}
        return {
            TABLES: {(): at["seq"]},
            PARKED: {(): at["parked"]},
            OPEN: {(row["waits"],): row["many"] for row in waiting},
            OLDEST: {(row["waits"],): row["oldest"] for row in waiting},
        }
