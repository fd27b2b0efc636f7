"""The raw floor, no engine: what three JetStream hops and a batch insert take, in processes of their own.

A hop: the driver publishes a command, the worker does the step and publishes the result, the driver hears it
and publishes the next command; every publish is awaited, every message acknowledged after its effect. The
projector inserts all results, in batches. Nothing is validated, retried, deduplicated or recovered: an upper
bound. Commands are on a work queue, results in a stream with limits retention.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import uuid4

import asyncpg
import uvloop
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy, StreamConfig

from bench.driving import lines, say, serve
from bench.reached import log_at
from bench.work import STEPS, Document, check, passed_on

TABLE = "CREATE TABLE events (seq bigint PRIMARY KEY, subject text, body jsonb, at timestamptz DEFAULT now())"
INSERT = """
INSERT INTO events (seq, subject, body)
SELECT seq, subject, body::jsonb FROM unnest($1::bigint[], $2::text[], $3::text[]) AS t(seq, subject, body)
ON CONFLICT DO NOTHING
"""
PULLED = 512
BATCH = 500
GATHER_S = 0.005
FOR_EVER_NS = 3_600_000_000_000
MANY = 5000
DURABLES = (("CMD", "worker"), ("EVT", "driver"), ("EVT", "projector"))


async def provision(client: Client) -> None:
    """Make the streams and their durables."""
    js = client.jetstream()
    await js.add_stream(StreamConfig("CMD", subjects=["cmd.>"], retention=RetentionPolicy.WORK_QUEUE))
    await js.add_stream(StreamConfig("EVT", subjects=["evt.>"]))
    for stream, name in DURABLES:
        durable = ConsumerConfig(
            durable_name=name, ack_policy=AckPolicy.EXPLICIT, ack_wait=30, max_ack_pending=MANY
        )
        await js.add_consumer(stream, durable)


class Pulled:
    """One long-lived pull request, renewed when half of it has come.

    Not nats-py's `fetch`: asked for more than one message it waits for all of them until its time-out.
    """

    def __init__(self, client: Client, stream: str, durable: str, take: Callable[[Msg], None]) -> None:
        self._client = client
        self._next = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._inbox = client.new_inbox()
        self._take = take
        self._left = 0

    async def start(self) -> None:
        await self._client.subscribe(
            self._inbox, cb=self._hear, pending_msgs_limit=-1, pending_bytes_limit=-1
        )
        await self._ask()

    async def _hear(self, message: Msg) -> None:
        self._left -= 1
        if self._left < PULLED // 2:
            await self._ask()
        if "Status" not in (message.headers or {}):
            self._take(message)

    async def _ask(self) -> None:
        self._left += PULLED
        asked = json.dumps({"batch": PULLED, "expires": FOR_EVER_NS}).encode()
        await self._client.publish(self._next, asked, self._inbox)


class Tasks:
    """Keeps hold of what it starts."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)


class Hops:
    """The driver's side: documents on their way, by id."""

    def __init__(self, js: JetStreamContext) -> None:
        self._js = js
        self._open: dict[str, asyncio.Future[Document]] = {}

    async def run_one(self, document: Document) -> None:
        id_ = uuid4().hex
        end = self._open[id_] = asyncio.get_running_loop().create_future()
        await self._js.publish(f"cmd.{id_}.1", json.dumps(document).encode())
        check(await end)

    async def hear(self, message: Msg) -> None:
        _, id_, step = message.subject.split(".")
        if int(step) < STEPS:
            await self._js.publish(f"cmd.{id_}.{int(step) + 1}", message.data)
        else:
            self._open.pop(id_).set_result(json.loads(message.data))
        await message.ack()


async def drive(client: Client) -> None:
    tasks, hops = Tasks(), Hops(client.jetstream())
    await Pulled(client, "EVT", "driver", lambda message: tasks.start(hops.hear(message))).start()
    await serve(hops.run_one)


async def work(client: Client) -> None:
    tasks, js = Tasks(), client.jetstream()

    async def do(message: Msg) -> None:
        done = passed_on(json.loads(message.data))
        await js.publish("evt." + message.subject.removeprefix("cmd."), json.dumps(done).encode())
        await message.ack()

    await Pulled(client, "CMD", "worker", lambda message: tasks.start(do(message))).start()
    await _until_told()


async def project(client: Client) -> None:
    connection = await asyncpg.connect(os.environ["FLOOR_DATABASE_URL"])
    come: asyncio.Queue[Msg] = asyncio.Queue()
    await Pulled(client, "EVT", "projector", come.put_nowait).start()

    async def insert() -> None:
        while True:
            batch = [await come.get()]
            await asyncio.sleep(GATHER_S)
            while len(batch) < BATCH and not come.empty():
                batch.append(come.get_nowait())
            seqs = [message.metadata.sequence.stream for message in batch]
            bodies = [message.data.decode() for message in batch]
            await connection.execute(INSERT, seqs, [message.subject for message in batch], bodies)
            for message in batch:
                await message.ack()

    inserting = asyncio.create_task(insert())
    await _until_told()
    inserting.cancel()


async def _until_told() -> None:
    say({"ready": True})
    async for _ in lines():
        pass


async def main(role: str) -> None:
    async with log_at(os.environ["FLOOR_NATS_URL"]) as client:
        await {"drive": drive, "work": work, "project": project}[role](client)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
