"""Drives totalaud as any program could: plain messages on the public subjects, and the read model's tables.

A session is done once the read model has it completed. A trigger says by NOTIFY how far the checkpoint is;
then those sessions are looked up that can have ended by that sequence, all in one query.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import nats
import uvloop
from nats.aio.client import Client

from bench.driving import serve
from bench.work import STEPS, Document, Wrong

ANSWER_S, SILENCE_S = 30.0, 1.0
BY_KEY = {"enable_seqscan": "off"}
ENDED = "SELECT id, status FROM agent_sessions WHERE id = ANY($1) AND status NOT IN ('pending', 'running')"
SAYS_HOW_FAR = """
CREATE OR REPLACE FUNCTION say_how_far() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_notify('projection', NEW.seq::text); RETURN NULL; END $$;
CREATE OR REPLACE TRIGGER how_far AFTER UPDATE ON checkpoint FOR EACH ROW EXECUTE FUNCTION say_how_far()
"""


class Sessions:
    """Sessions under way, by id: each with the first sequence of the log at which it can have ended."""

    def __init__(self, client: Client, tables: "asyncpg.Connection[Any]") -> None:
        self._client = client
        self._tables = tables
        self._subject = f"ask.{uuid4()}.session.run"
        self._open: dict[UUID, tuple[asyncio.Future[str], int]] = {}
        self._seen = 0
        self._rung = asyncio.Event()

    async def run_one(self, document: Document) -> None:
        """Start a session and wait until the read model has its end."""
        id_ = uuid4()
        answer = json.loads((await self._client.request(self._subject, _body(id_, document), ANSWER_S)).data)
        if not answer.get("accepted"):
            raise Wrong(f"a start was refused: {answer}")
        end = asyncio.get_running_loop().create_future()
        self._open[id_] = (end, answer["seq"] + STEPS)
        if answer["seq"] + STEPS <= self._seen:
            self._rung.set()
        if (status := await end) != "completed":
            raise Wrong(f"a session ended as {status}")

    def _hear(self, _connection: Any, _pid: int, _channel: str, seq: str) -> None:
        self._seen = int(seq)
        self._rung.set()

    async def listen(self) -> None:
        """Have the tables say how far they are."""
        await self._tables.add_listener("projection", self._hear)
        await self._listen()

    async def _listen(self) -> None:
        await self._tables.execute(SAYS_HOW_FAR)
        self._seen = max(self._seen, await self._tables.fetchval("SELECT seq FROM checkpoint"))

    async def watch(self) -> None:
        """Look up those that can have ended, at every word of the projection.

        Where there is none for a while, a rebuild may have put tables in place that say nothing.
        """
        while True:
            try:
                async with asyncio.timeout(SILENCE_S):
                    await self._rung.wait()
            except TimeoutError:
                await self._listen()
            self._rung.clear()
            due = [id_ for id_, (_, first) in self._open.items() if first <= self._seen]
            for row in await self._tables.fetch(ENDED, due) if due else ():
                end, _ = self._open.pop(row["id"])
                end.set_result(row["status"])


def _body(id_: UUID, document: Document) -> bytes:
    """Write a command whose steps pass the document on by templates."""
    inputs = [document, *(f"{{{{step{number}.document}}}}" for number in range(1, STEPS))]
    steps = [{"skill": "pass-on", "input": {"document": given}} for given in inputs]
    return json.dumps({"session_id": str(id_), "agent": "bench-agent", "steps": steps}).encode()


@asynccontextmanager
async def sessions() -> AsyncIterator[Sessions]:
    """Connect; a plan kept from when the table was small would read all of it each time we look."""
    client = await nats.connect(os.environ["TOTALAUD_NATS_URL"])
    tables = await asyncpg.connect(os.environ["TOTALAUD_DATABASE_URL"], server_settings=BY_KEY)
    under_way = Sessions(client, tables)
    await under_way.listen()
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(under_way.watch())
        yield under_way
        watching.cancel()
    await tables.close()
    await client.close()


async def main() -> None:
    async with sessions() as under_way:
        await serve(under_way.run_one)


if __name__ == "__main__":
    uvloop.run(main())
