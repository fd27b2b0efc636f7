"""What the operator may ask: how the projection is, and to rebuild it."""

import asyncio
from typing import Any

import asyncpg

from projector import database
from projector.apart import rebuilt
from projector.database import connected
from projector.live import OUTAGES, Live
from projector.readers import waited_for
from projector.rebuild import progress
from shared.doors import give_answer
from shared.json import dumps
from shared.listening import Heard
from shared.refusal import Refusal

OPERATED = "ops.projection.*"
TOLD = 100
ANSWER_S = 2.2
Json = dict[str, Any]


class Operating:
    """Answers OPERATED: `ops.projection.status` and `ops.projection.rebuild`."""

    def __init__(self, nats_url: str, database_url: str, live: Live) -> None:
        self._nats_url = nats_url
        self._url = database_url
        self._live = live
        self._rebuilding = asyncio.Lock()

    async def hear(self, heard: Heard) -> None:
        await give_answer(OPERATED, self._said, heard)

    async def _said(self, subject: str, _body: bytes, _headers: dict[str, str]) -> bytes:
        try:
            return dumps(await self._answer(subject.rsplit(".", 1)[-1]))
        except OUTAGES as outage:
            away = f"NATS or PostgreSQL is away: {type(outage).__name__}"
            raise Refusal("unavailable", None, away) from None

    async def _answer(self, verb: str) -> Json:
        match verb:
            case "status":
                async with asyncio.timeout(ANSWER_S):
                    return {"ok": True, **await self._status()}
            case "rebuild":
                if self._rebuilding.locked():
                    raise Refusal("busy", None, "a rebuild is running: wait for its end")
                async with self._rebuilding:
                    return {"ok": True, **await rebuilt(self._nats_url, self._url, self._live)}
            case _:
                known = "ops.projection.status and ops.projection.rebuild"
                raise Refusal("unknown_command", "subject", f"there is no such command; known are {known}")

    async def _status(self) -> Json:
        async with connected(self._url) as connection:
            try:
                at = await database.checkpoint(connection)
                tables = await database.which(connection)
                errors = await connection.fetch(
                    "SELECT subject, seq, reason FROM projection_errors ORDER BY seq LIMIT $1", TOLD
                )
            except asyncpg.UndefinedTableError:
                why = self._live.halted or "the tables are not made yet: ask again"
                raise Refusal("unavailable", None, why) from None
            rebuilding = self._rebuilding.locked() or await database.rebuilding(connection)
            rebuilt_seq = await progress(connection) if rebuilding else None
            waits_for = await waited_for(connection) if rebuilding else None
        log_seq = await self._live.origin.last_seq()
        return {
            "seq": at.seq,
            "log_seq": log_seq,
            "lag": log_seq - at.seq,
            "epoch": str(at.epoch),
            "tables": tables,
            "errors": [dict(row) for row in errors],
            "rebuilding": rebuilding,
            "rebuilt_seq": rebuilt_seq,
            "waits_for": waits_for,
            "halted": self._live.halted,
        }
