"""Processes of one rebuild that read and map the log beside each other, and write in turn.

What a commit changes is found without any other; but rows refer to what came before, so they are written in
the log's order. The log is cut into ranges, which go round the lanes. A lane is a fork, made before there is
an event loop, and ends when nobody holds the other end of its socket; one that hangs then is killed.
"""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import NoReturn
from uuid import UUID

import uvloop
from msgspec import to_builtins

from projector.filling import MOST
from projector.lane import Order, attend
from projector.lines import Lines, refusal
from shared.refusal import Refusal

LANES = 2
LEAVE_S, LOOK_S = 2.0, 0.01
BATCH_S = 300
STDIN, STDOUT = 0, 1
DIED = "a process of the rebuild died"
STOOD_STILL = "a process of the rebuild stood still"


@contextmanager
def forked(count: int = LANES) -> Iterator[list[socket.socket]]:
    """Start so many, and yield our ends of their sockets."""
    ends: list[socket.socket] = []
    pids: list[int] = []
    try:
        for _ in range(count):
            ours, theirs = socket.socketpair()
            ends.append(ours)
            pid = os.fork()
            if not pid:
                _become(theirs, ends)
            pids.append(pid)
            theirs.close()
        yield ends
    finally:
        for end in ends:
            end.close()
        until = time.monotonic() + LEAVE_S
        for pid in pids:
            _wait(pid, until)


def _wait(pid: int, until: float) -> None:
    """Wait for a lane to end, and kill one that does not: nothing that it still does counts."""
    while not os.waitpid(pid, os.WNOHANG)[0]:
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return
        time.sleep(LOOK_S)


def _become(end: socket.socket, others: list[socket.socket]) -> NoReturn:
    """Be a lane from here on; what ends it unexpectedly is told as any process of ours tells it.

    It lets go of the standard input and output that it has inherited: by the end of these the projector and
    the rebuild know that the other one is gone.
    """
    code = 1
    try:
        for other in others:
            other.close()
        nothing = os.open(os.devnull, os.O_RDWR)
        for inherited in (STDIN, STDOUT):
            os.dup2(nothing, inherited)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(attend(end))
        code = 0
    except BaseException:  # noqa: BLE001 - nothing of ours lies beyond
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


class Lanes:
    """The lanes as the rebuild has them."""

    def __init__(self, ends: Sequence[socket.socket], nats_url: str, database_url: str) -> None:
        self._ends = ends
        self._urls = nats_url, database_url
        self._lines: list[Lines] = []

    async def fill(self, upto: int, epoch: UUID) -> None:
        """Write the log up to a sequence, into tables that are empty; raises Refusal where one breaks off."""
        if not self._lines:
            self._lines = [Lines(*await asyncio.open_unix_connection(sock=end)) for end in self._ends]
        for number, lane in enumerate(self._lines):
            await lane.tell(to_builtins(Order(number, len(self._lines), upto, epoch, *self._urls)))
        for lane, after in zip(cycle(self._lines), range(0, upto, MOST), strict=False):
            await lane.tell({"turn": after})
            last = min(after + MOST, upto)
            while await _written(lane) < last:
                pass

    def close(self) -> None:
        """Send them home."""
        for lane in self._lines:
            lane.close()


async def _written(lane: Lines) -> int:
    """Return how far it is after its next batch; raises Refusal where it breaks off or stands still."""
    try:
        heard = await asyncio.wait_for(lane.hear(), BATCH_S)
    except TimeoutError:
        raise Refusal("broken_off", None, f"{STOOD_STILL} for {BATCH_S} seconds: rebuild again") from None
    match heard:
        case {"written": int(seq)}:
            return seq
        case None:
            raise Refusal("broken_off", None, f"{DIED}: the projector's log says why")
        case _:
            raise refusal(heard)
