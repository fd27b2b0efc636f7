"""`python -m projector.rebuilding`: one rebuild, attended to by the projector that started it (`apart`).

Imports leave no garbage, so collecting it waits for them; then a batch is some hundred thousand objects, all
in use, and to look through them for garbage is in vain.
"""

import gc

gc.disable()

import asyncio  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402
from contextlib import closing, suppress  # noqa: E402
from dataclasses import asdict  # noqa: E402
from socket import socket  # noqa: E402

import uvloop  # noqa: E402

from projector.lane import NAME  # noqa: E402
from projector.lanes import Lanes, forked  # noqa: E402
from projector.lines import ALIVE, ALIVE_S, Json, told  # noqa: E402
from projector.live import OUTAGES  # noqa: E402
from projector.rebuild import rebuild  # noqa: E402
from shared import logs  # noqa: E402
from shared.bus import Bus  # noqa: E402
from shared.json import dumps, loads  # noqa: E402
from shared.refusal import Refusal  # noqa: E402

GARBAGE = 2_000_000


class Attended:
    """The live projection as it is seen from here; `gate` is to be had from the projector."""

    def __init__(self, heard: asyncio.StreamReader) -> None:
        self.gate = self
        self._heard = heard
        self._granted = asyncio.Event()
        self._swapped = False

    async def __aenter__(self) -> None:
        self._granted.clear()
        _tell({"wants": "gate"})
        await self._granted.wait()

    async def __aexit__(self, *_: object) -> None:
        _tell({"swapped": self._swapped})

    def swapped(self) -> None:
        self._swapped = True

    async def until_left_alone(self) -> None:
        """Return when the projector is gone."""
        while await self._heard.readline():
            self._granted.set()


async def _main(lanes: list[socket]) -> Json | None:
    """Return what is to be told; None when nobody is there any more to hear it.

    A rebuild that is under way then is cancelled by the runner, once: a second time would end its tidying up.
    """
    heard = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(heard)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    urls = loads(await heard.readline())
    attended = Attended(heard)
    working = asyncio.create_task(_rebuild(attended, lanes, **urls))
    alone = asyncio.create_task(attended.until_left_alone())
    alive = asyncio.create_task(_alive())
    await asyncio.wait((working, alone, alive), return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        return working.result()
    return None


async def _alive() -> None:
    """Say so for as long as somebody hears it: one that says nothing is taken for stopped."""
    with suppress(BrokenPipeError):
        while True:
            _tell(ALIVE)
            await asyncio.sleep(ALIVE_S)


async def _rebuild(attended: Attended, lanes: list[socket], nats_url: str, database_url: str) -> Json:
    try:
        bus = await Bus.connect(nats_url, name=NAME, give_up=True)
        try:
            with closing(Lanes(lanes, nats_url, database_url)) as beside:
                return {"rebuilt": asdict(await rebuild(bus, database_url, attended, beside))}
        finally:
            await bus.close()
    except (Refusal, *OUTAGES) as error:
        return told(error)


def _tell(said: Json) -> None:
    sys.stdout.buffer.write(dumps(said) + b"\n")
    sys.stdout.buffer.flush()


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    gc.set_threshold(GARBAGE)
    gc.enable()
    logs.configure(NAME)
    with forked() as lanes, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        said = runner.run(_main(lanes))
    if said is None:
        return 1
    _tell(said)
    return 0


if __name__ == "__main__":
    sys.exit(main())
