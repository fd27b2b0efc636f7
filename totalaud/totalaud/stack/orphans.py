"""Processes that outlived their supervisor: found by what they are, never by a number alone."""

import asyncio
import signal
from collections.abc import Mapping
from contextlib import suppress

import psutil

GRACE_S = 5.0
LOOK_EVERY_S = 0.05


class Orphan:
    """A running process of an earlier supervisor."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process

    @classmethod
    def serving(cls, pid: int, argument: str) -> "Orphan | None":
        """Return the process `pid` if it lives and was started with this very argument."""
        try:
            process = psutil.Process(pid)
            found = argument in process.cmdline()
        except psutil.NoSuchProcess:
            return None
        orphan = cls(process)
        return orphan if found and orphan.lives() else None

    def lives(self) -> bool:
        """Tell whether it still does anything: the dead may wait long for whoever reaps them."""
        try:
            return bool(self._process.is_running() and self._process.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    async def end(self, wanted: signal.Signals) -> None:
        """Ask it and its children to end, then insist; it may end by itself at any moment of that."""
        try:
            family = [self, *map(Orphan, self._process.children())]
        except psutil.NoSuchProcess:
            return
        for insistence in (wanted, signal.SIGKILL):
            self._send(insistence)
            for member in family:
                await member.gone()

    async def gone(self) -> None:
        """Wait until it does nothing any more, at most GRACE_S seconds."""
        for _ in range(int(GRACE_S / LOOK_EVERY_S)):
            if not self.lives():
                return
            await asyncio.sleep(LOOK_EVERY_S)

    def _send(self, wanted: signal.Signals) -> None:
        with suppress(psutil.NoSuchProcess):
            if self.lives():
                self._process.send_signal(wanted)


async def end_marked(mark: Mapping[str, str]) -> None:
    """End every process, but not ourselves, that was started with this in its environment."""
    us = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    found = [Orphan(one) for one in psutil.process_iter() if one.pid not in us and _marked(one, mark)]
    await asyncio.gather(*(orphan.end(signal.SIGTERM) for orphan in found))


def _marked(process: psutil.Process, mark: Mapping[str, str]) -> bool:
    try:
        return mark.items() <= process.environ().items()
    except (psutil.Error, OSError):
        return False
