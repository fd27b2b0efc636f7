"""Our stack with every trace sent to a receiver in a process of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from bench.contender import Contender, Turn
from bench.names import TRACED
from bench.ours import Ours, running
from bench.piped import Piped, piped
from bench.reached import drained
from bench.run import Sync
from bench.work import Wrong
from orchestrator.traces import TOGETHER_S
from totalaud.stack import ports

ROOT_SPAN = "invoke_agent bench-agent"


def contender(data: Path, sync: Sync) -> Contender:
    """One data folder for all its turns; what they have asked for stays there."""
    asked = 0

    @asynccontextmanager
    async def turn() -> AsyncIterator[Turn]:
        nonlocal asked
        port = ports.free_port()
        async with (
            piped("bench.sink", str(port), env={}, log=data / "logs" / "sink.log") as sink,
            running(data, sync, asked=asked, traces=f"http://127.0.0.1:{port}") as ours,
            ours.turn() as plain,
        ):
            yield _watched(plain, ours, sink)
            asked = ours.asked

    return Contender(TRACED, turn)


def _watched(plain: Turn, ours: Ours, sink: Piped) -> Turn:
    """Count the sending as working, and every session's root span after it."""

    async def check(sessions: int) -> None:
        await plain.check(sessions)
        found = (await sink.ask(do="count")).get(ROOT_SPAN, 0)
        if found != sessions:
            raise Wrong(f"{found} traces of {sessions} sessions arrived")

    return replace(
        plain,
        groups={**plain.groups, "receiver": [sink.pid]},
        check=check,
        settle=lambda: drained(ours.stack.place.nats_url, "traces"),
        idle_s=TOGETHER_S,
    )
