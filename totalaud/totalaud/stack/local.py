"""The local stack: started whole or not at all, kept running, stopped whole."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from shared.nats_urls import NATS_URL
from shared.refusal import Refusal
from shared.secret import is_given, secret
from shared.urls import DATABASE_URL, database_url
from totalaud.stack import environment, orphans, parts, paths, ports, preparation
from totalaud.stack.environment import Place
from totalaud.stack.lock import DataLock
from totalaud.stack.nats import SYNC_INTERVAL, Nats
from totalaud.stack.parts import Part, PartKind
from totalaud.stack.postgres import Postgres
from totalaud.stack.room import Room
from totalaud.stack.server import Kind, NotReady, Server
from totalaud.stack.supervisor import Keeper, Say

LOOK_EVERY_S = 1.0
Push = Callable[["LocalStack"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Status:
    """One process; `pid` is None while it is down."""

    name: str
    pid: int | None
    restarts: int


def silent(_: str) -> None:
    """Say nothing."""


class LocalStack:
    """A whole stack on one data folder; `place` is there from `start` on.

    TOTALAUD_NATS_URL and TOTALAUD_DATABASE_URL name servers to be used in place of our own. `push` tells the
    services what skills there are, once they run. A `sync_interval` of NATS longer than the shipped one is
    faster, and loses what was acknowledged in it when the power fails.
    """

    place: Place

    def __init__(
        self,
        data: Path,
        skills: Path,
        *,
        runners: int = 1,
        orchestrators: int = 1,
        services: Sequence[Part] | None = None,
        push: Push | None = None,
        sync_interval: str = SYNC_INTERVAL,
    ) -> None:
        self.data = data.absolute()
        self.skills = skills.absolute()
        self.logs = self.data / "logs"
        self._services = services or parts.services(orchestrators=orchestrators, runners=runners)
        self._push = push
        self._sync_interval = sync_interval
        self._say: Say = silent
        self._lock: DataLock | None = None
        self._keepers: dict[str, Keeper] = {}
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def env(self) -> dict[str, str]:
        """The environment of the services."""
        return environment.of_service(self.data, self.place, self.skills)

    async def start(self, progress: Say = silent) -> None:
        """Return once all of it works; what fails stops the rest.

        Raises InUse when another one has the data folder, NotReady when a process does not come up, and
        Unreachable when a server that the environment names is away.
        """
        self._say = progress
        try:
            await self._start()
        except BaseExceptionGroup as group:
            await self.stop()
            raise _first(group) from group
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop all of it, the services first; a cancellation has to wait for the end."""
        stopping = asyncio.create_task(self._stop())
        try:
            await asyncio.shield(stopping)
        except asyncio.CancelledError:
            await stopping
            raise

    async def moved(self) -> None:
        """Return once the data folder is not where it was: NATS can store nothing then."""
        while self._lock and self._lock.is_there():
            await asyncio.sleep(LOOK_EVERY_S)

    async def kill(self, name: str) -> None:
        """End one process as `kill -9` does; it is started again as after any crash."""
        await self._keepers[name].server.kill()

    async def halt(self, name: str) -> None:
        """Stop one process and leave it down until `resume`."""
        await self._keepers[name].stop()

    async def resume(self, name: str) -> None:
        await self._keepers[name].start()

    def status(self) -> list[Status]:
        return [
            Status(name, child.pid if child and child.code is None else None, keeper.restarts)
            for name, keeper in self._keepers.items()
            for child in [keeper.server.child]
        ]

    async def _start(self) -> None:
        self._lock = self._locked()
        await orphans.end_marked(environment.mark(self.data))
        given_nats = secret(NATS_URL)
        given_database = secret(DATABASE_URL)
        if given_database:
            database_url(given_database)
        nats = None if given_nats else Nats(self.data, self._sync_interval)
        postgres = None if given_database else Postgres(self.data, self.logs)
        model_port = ports.kept_port(self.data / "model.port")
        self.place = Place(
            nats_url=given_nats or (nats.url if nats else ""),
            database_url=given_database or (postgres.url if postgres else ""),
            model_url=f"http://{ports.LOOPBACK}:{model_port}",
            master_key_file=paths.master_key_file(self.data),
        )
        model = PartKind(parts.MODEL, self.env, self.data, model_port)
        async with asyncio.TaskGroup() as group:
            streams = group.create_task(self._bring_nats(nats))
            tables = group.create_task(self._bring_postgres(postgres))
            group.create_task(self._bring(model))
            for part in self._services:
                kind = PartKind(part, self.env, self.data)
                group.create_task(self._bring_service(kind, streams, tables if part.needs_database else None))
        if self._push:
            await self._push(self)
        paths.write_private(paths.connection_file(self.data), json.dumps(self._connection()))

    def _locked(self) -> DataLock:
        try:
            paths.make_folder(self.data)
            return DataLock(self.data)
        except OSError as error:
            why = f"{error.filename or self.data}: {error.strerror}"
            raise NotReady(f"nothing can be kept in {self.data}: {why}: choose another --data") from error

    async def _bring_nats(self, nats: Nats | None) -> None:
        if nats:
            await self._bring(nats)
            room = Room(self._keepers[nats.name].server, nats.store, self._say)
            self._watching = asyncio.create_task(room.watch())
        try:
            await preparation.provision(self.place.nats_url)
        except Refusal as refusal:
            if nats and refusal.code == "stream_changed":
                alone = f"{refusal.message}, while NATS runs alone: {nats.command}"
                raise Refusal(refusal.code, refusal.field, alone) from None
            raise

    async def _bring_postgres(self, postgres: Postgres | None) -> None:
        if postgres:
            await self._bring(postgres)
        await preparation.migrate(self.place.database_url)

    async def _bring_service(
        self, kind: Kind, streams: asyncio.Task[None], tables: asyncio.Task[None] | None
    ) -> None:
        """Start it while the streams are still being made: loading its code takes longer than that.

        One that was quicker, and ended without them, is started once more.
        """
        if tables:
            await tables
        early = not streams.done()
        try:
            await self._bring(kind)
        except NotReady:
            if not early:
                raise
            await streams
            await self._bring(kind)

    async def _bring(self, kind: Kind) -> None:
        keeper = self._keepers[kind.name] = Keeper(Server(kind, self.logs), self._say)
        await keeper.start()
        self._say(f"{kind.name} runs")

    async def _stop(self) -> None:
        if self._lock is None:
            return
        paths.connection_file(self.data).unlink(missing_ok=True)
        if self._watching:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        services = {part.name for part in self._services}
        try:
            await _stop_all(keeper for name, keeper in self._keepers.items() if name in services)
            await _stop_all(keeper for name, keeper in self._keepers.items() if name not in services)
        finally:
            self._keepers.clear()
            self._lock.release()
            self._lock = None

    def _connection(self) -> dict[str, str | int | list[str]]:
        """Return what a client has to know; on NATS of somebody else's, runners of theirs may have keys."""
        reached = {} if is_given(NATS_URL) else {"providers": environment.reached()}
        return {
            "nats_url": self.place.nats_url,
            "database_url": self.place.database_url,
            "master_key_file": str(self.place.master_key_file),
            **reached,
            "pid": os.getpid(),
        }


async def _stop_all(keepers: Iterable[Keeper]) -> None:
    ends = await asyncio.gather(*(keeper.stop() for keeper in keepers), return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
