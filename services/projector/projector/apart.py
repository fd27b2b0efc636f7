"""The rebuild in a process of its own, as the projector attends to it: `projector.rebuilding` is the process.

So the live projection keeps its event loop, and the memory that a rebuild took is free again afterwards. The
process ends when its standard input does.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress

from projector.lines import ALIVE, SILENT_S, Json, Lines, refusal
from projector.live import Live
from shared.refusal import Refusal


async def rebuilt(nats_url: str, database_url: str, live: Live) -> Json:
    """Return {events, seconds}; raises Refusal when the rebuild breaks off, and then the old tables stay."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "projector.rebuilding", stdin=PIPE, stdout=PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    lines = Lines(process.stdout, process.stdin)
    try:
        await lines.tell({"nats_url": nats_url, "database_url": database_url})
        return await _attend(process, lines, live)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _attend(process: Process, lines: Lines, live: Live) -> Json:
    while True:
        match await _heard(process, lines):
            case {"wants": "gate"}:
                await _stand_still(process, lines, live)
            case {"rebuilt": dict(done)}:
                return done
            case heard:
                raise refusal(heard)


async def _stand_still(process: Process, lines: Lines, live: Live) -> None:
    """Let it swap between two batches; where it died over that, it may have swapped."""
    async with live.gate:
        swapped = True
        try:
            await lines.tell({"has": "gate"})
            swapped = (await _heard(process, lines))["swapped"]
        finally:
            if swapped:
                live.swapped()


async def _heard(process: Process, lines: Lines) -> Json:
    """Wait for more than that it is alive; not even that, and it is killed: the gate is ours again."""
    heard: Json | None = ALIVE
    while heard == ALIVE:
        try:
            heard = await asyncio.wait_for(lines.hear(), SILENT_S)
        except TimeoutError:
            process.kill()
            why = f"the rebuild was killed, it had stood still for {SILENT_S} seconds: rebuild again"
            raise Refusal("broken_off", None, why) from None
    if heard is None:
        code = await process.wait()
        raise Refusal("broken_off", None, f"the rebuild ended with code {code}: the projector's log says why")
    return heard
