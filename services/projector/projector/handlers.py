"""The projector's loop and what the operator may ask of it."""

import asyncio
import time
from typing import Any

import asyncpg
from nats.errors import Error as NatsError

from projector import database, rebuild
from projector.database import OtherShape
from projector.projection import Projection, read
from projector.reader import Reader, page
from projector.spans import project_spans
from shared.bus import Bus, Heard
from shared.commit import decode
from shared.json import dumps
from shared.logs import get_logger
from shared.refusal import Refusal

AGAIN_S = 0.5
OUTAGES = (OSError, TimeoutError, NatsError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError)
AWAY = (*OUTAGES, asyncpg.OperatorInterventionError, asyncpg.CannotConnectNowError)
Json = dict[str, Any]


class Projector:
    """One at a time writes: the others wait for the lock. `halted` says why nothing is projected."""

    def __init__(self, bus: Bus, database_url: str) -> None:
        self._bus = bus
        self._url = database_url
        self._turn = asyncio.Lock()
        self._rebuilding = False
        self._halted: str | None = None
        self._resume = asyncio.Event()

    async def run(self) -> None:
        """Project for ever; while NATS or PostgreSQL is away, wait."""
        reader = await Reader.start(self._bus)
        while True:
            try:
                await self._project(reader)
            except AWAY as outage:
                get_logger().warning("the projection waits", reason=type(outage).__name__)
                await asyncio.sleep(AGAIN_S)

    async def operate(self, heard: Heard) -> None:
        """Answer `ops.projection.status | rebuild`."""
        try:
            answer = await self._do(heard.subject.rsplit(".", 1)[-1])
        except Refusal as refusal:
            answer = refusal.body()
        except AWAY as outage:
            answer = Refusal(
                "unavailable", None, f"PostgreSQL or NATS is away: {type(outage).__name__}"
            ).body()
        await heard.answer(dumps(answer))

    async def _project(self, reader: Reader) -> None:
        connection = await database.connect(self._url)
        try:
            await database.alone(connection)
            while (projection := await self._ready(connection)) is None:
                self._resume.clear()
                await self._resume.wait()
            while True:
                await self._follow(reader, projection)
                projection = await self._loaded(connection)
        finally:
            await connection.close()

    async def _follow(self, reader: Reader, projection: Projection) -> None:
        """Project until a rebuild has put other tables in place."""
        self._resume.clear()
        async for entries in reader.entries(projection.seq):
            async with self._turn:
                if self._resume.is_set():
                    return
                batch = [read(entry) for entry in entries]
                with project_spans(batch):
                    await projection.take(batch)

    async def _ready(self, connection: asyncpg.Connection) -> Projection | None:
        """Take over; None when the tables cannot be gone on with, and `halted` says why."""
        try:
            await database.prepare(connection)
            await self._check_log(connection)
        except OtherShape:
            self._halt("the tables are of another release")
            return None
        except Refusal as refusal:
            self._halt(refusal.message)
            return None
        self._halted = None
        return await self._loaded(connection)

    async def _loaded(self, connection: asyncpg.Connection) -> Projection:
        seq, epoch = await database.take_over(connection)
        projection = Projection(connection, epoch, seq)
        await projection.load_parked()
        return projection

    def _halt(self, reason: str) -> None:
        self._halted = f"{reason}: run 'totalaud projection rebuild'"
        get_logger().error("nothing is projected", reason=self._halted)

    async def _check_log(self, connection: asyncpg.Connection) -> None:
        """The checkpoint belongs to one log: its age, and the commit at the sequence, tell another."""
        row = await connection.fetchrow("SELECT seq, stream_created, commit_id FROM checkpoint")
        created = await self._created()
        if row["stream_created"] is None:
            await connection.execute("UPDATE checkpoint SET stream_created = $1", created)
        elif row["stream_created"] != created:
            raise Refusal("another_log", "checkpoint", "the tables were made from another log")
        if row["seq"] and row["commit_id"]:
            found = await page(self._bus, row["seq"], 1)
            if not found or (found[0].seq, decode(found[0].body).commit_id) != (row["seq"], row["commit_id"]):
                raise Refusal(
                    "another_log", "checkpoint", "the log does not hold what the tables were made from"
                )

    async def _created(self) -> str:
        return str((await self._bus.client.jetstream().stream_info("EVT")).created)

    async def _do(self, verb: str) -> Json:
        match verb:
            case "status":
                return await self._status()
            case "rebuild":
                return await self._rebuild()
            case _:
                raise Refusal("unknown_command", "subject", "there are ops.projection.status and rebuild")

    async def _status(self) -> Json:
        connection = await database.connect(self._url)
        try:
            row = await connection.fetchrow("SELECT seq, epoch FROM checkpoint")
            errors = await connection.fetch("SELECT subject, seq, reason FROM projection_errors ORDER BY seq")
        finally:
            await connection.close()
        log_seq = (await self._bus.client.jetstream().stream_info("EVT")).state.last_seq
        return {
            "ok": True,
            "seq": row["seq"],
            "log_seq": log_seq,
            "lag": log_seq - row["seq"],
            "epoch": str(row["epoch"]),
            "errors": [dict(error) for error in errors],
            "rebuilding": self._rebuilding,
            "halted": self._halted,
        }

    async def _rebuild(self) -> Json:
        if self._rebuilding:
            raise Refusal("busy", None, "a rebuild is running: wait for its end")
        self._rebuilding = True
        began = time.monotonic()
        try:
            fresh = await rebuild.fill(self._bus, self._url, await self._created())
            try:
                async with self._turn:
                    await rebuild.swap(self._bus, fresh)
                    self._resume.set()
            finally:
                await fresh.connection.close()
            return {"ok": True, "events": fresh.seq, "seconds": rebuild.seconds_since(began)}
        finally:
            self._rebuilding = False
