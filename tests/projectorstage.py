"""A projector on real servers, and whoever writes to its log: what the tests of it share."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from controls import NOW
from histories import Written
from projector import reader
from projector.live import Live
from projector.operating import Operating
from servers import Rig
from shared.bus import Bus
from shared.commit import Commit
from shared.direct_get import Page
from shared.jetstream_log import JetStreamLog
from shared.subjects import Aggregate


class Writer:
    """Appends commits, each behind the last one of its subject."""

    def __init__(self, bus: Bus) -> None:
        self.log = JetStreamLog(bus)
        self.enough = False
        self._last: dict[str, int] = {}

    async def write(self, written: Iterable[Written], pause_s: float = 0) -> None:
        for aggregate, commit in written:
            if self.enough:
                return
            expected = self._last.get(aggregate.subject, 0)
            self._last[aggregate.subject] = await self.log.append(aggregate, commit, expected=expected)
            await asyncio.sleep(pause_s)

    async def happens(self, aggregate: Aggregate, *events: Any) -> None:
        await self.write([(aggregate, Commit(commit_id=uuid4(), at=NOW, events=events))])


def answers_behind(monkeypatch: pytest.MonkeyPatch, *, times: int) -> list[Page]:
    """Answer the next reads of the log as a copy that is behind does; return what is left of them."""
    read, behind = reader.read_page, [Page([], more=False)] * times

    async def asked(*args: Any, **options: Any) -> Page:
        return behind.pop() if behind else await read(*args, **options)

    monkeypatch.setattr(reader, "read_page", asked)
    return behind


@asynccontextmanager
async def projecting(bus: Bus, url: str) -> AsyncIterator[Live]:
    live = Live(bus, url)
    task = asyncio.create_task(live.run())
    try:
        yield live
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def operated(bus: Bus, nats_url: str, url: str) -> AsyncIterator[Live]:
    """A live projection that the operator may ask."""
    async with projecting(bus, url) as live:
        await bus.listen("ops.projection.*", Operating(nats_url, url, live).hear)
        yield live


@asynccontextmanager
async def service(nats: Rig, url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """The projector as a process, killed at the end."""
    env = {**os.environ, "TOTALAUD_NATS_URL": nats.url, "TOTALAUD_DATABASE_URL": url}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "projector", env=env)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def value(url: str, sql: str, *given: Any) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql, *given)
    finally:
        await connection.close()


async def until(check: Callable[[], Any], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                if await check():
                    return
            await asyncio.sleep(0.05)


async def halted(live: Live) -> bool:
    return live.halted is not None


async def waits(told: list[Any], reason: str) -> bool:
    return any((line["event"], line.get("reason")) == ("the projection waits", reason) for line in told)


async def caught_up(bus: Bus, url: str) -> None:
    """Wait until the tables have all of the log, for as long as they come nearer to it."""
    seen, last = -1, 0

    async def further() -> bool:
        nonlocal seen, last
        before = seen
        seen, last = await value(url, "SELECT seq FROM checkpoint"), await JetStreamLog(bus).last_seq()
        return seen > before or seen == last

    while seen != last:
        await until(further)


async def ask(bus: Bus, verb: str, timeout: float = 60) -> dict[str, Any]:
    answer = await bus.request(f"ops.projection.{verb}", b"{}", timeout=timeout)
    assert answer is not None
    return json.loads(answer)


async def have_rebuilt(bus: Bus) -> dict[str, Any]:
    """Ask for a rebuild that has to be done: the old tables would look like new ones."""
    answer = await ask(bus, "rebuild")
    assert answer.get("ok") is True, answer
    return answer
