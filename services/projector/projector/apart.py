"""The rebuild in a process of its own, as the projector attends to it: `projector.rebuilding` is the process.

So the live projection keeps its event loop, and the memory that a rebuild took is free again afterwards. They
speak in lines of JSON, and the process ends when its standard input does.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from typing import Any

from projector.live import Live
from shared.json import dumps, loads
from shared.refusal import Refusal

Json = dict[str, Any]


async def rebuilt(nats_url: str, database_url: str, live: Live) -> Json:
    """Return {events, seconds}; raises Refusal when the rebuild breaks off, and then the old tables stay."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "projector.rebuilding", stdin=PIPE, stdout=PIPE
    )
    try:
        await _tell(process, {"nats_url": nats_url, "database_url": database_url})
        return await _attend(process, live)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _attend(process: Process, live: Live) -> Json:
    while True:
        match await _hear(process):
            case {"wants": "gate"}:
                await _stand_still(process, live)
            case {"away": error}:
                raise Refusal("unavailable", None, f"NATS or PostgreSQL is away: {error}")
            case {"error": {"code": code, "message": message}}:
                raise Refusal(code, None, message)
            case {"rebuilt": dict(done)}:
                return done
            case told:
                raise ValueError(f"the rebuild said {', '.join(told)}")


async def _stand_still(process: Process, live: Live) -> None:
    """Let it swap between two batches; where it died over that, it may have swapped."""
    async with live.gate:
        swapped = True
        try:
            await _tell(process, {"has": "gate"})
            swapped = (await _hear(process))["swapped"]
        finally:
            if swapped:
                live.swapped()


async def _tell(process: Process, told: Json) -> None:
    assert process.stdin is not None
    with suppress(ConnectionError):
        process.stdin.write(dumps(told) + b"\n")
        await process.stdin.drain()


async def _hear(process: Process) -> Json:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        code = await process.wait()
        raise Refusal("broken_off", None, f"the rebuild ended with code {code}: the projector's log says why")
    heard: Json = loads(line)
    return heard
