"""What of its process a skill may change or leave running, for whoever is run in it next."""

import decimal
import locale
import os
import resource
import signal
import sys
import threading
import time
from typing import Any, NamedTuple

LIMITS = (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)
OURS = "tables"
"""The name of the threads that a worker itself begins."""
LARGE_KB = 2**20
TOLD = frozenset({"os.chdir", "os.putenv", "os.unsetenv", "resource.setrlimit", "resource.prlimit"})
"""Python tells of each such change as it is made."""


class Told(NamedTuple):
    """What changes only with one of TOLD, so that it need not be looked at after each call."""

    folder: str | None
    environment: dict[str, str]
    limits: tuple[tuple[int, int], ...]


class Untold(NamedTuple):
    """What can change without a word; what a module holds is not among it."""

    umask: int
    time_zone: tuple[str, str]
    locale: str
    decimals: tuple[int, str]
    recursion: int
    output: tuple[object, ...]
    priority: int
    timer: bool
    threads: int
    processes: bool
    memory: bool


class Surroundings:
    """As they are when it is made."""

    def __init__(self) -> None:
        self._told, self._untold = _told(), _untold()
        self._was_told = False
        sys.addaudithook(self._hear)

    def changed(self) -> list[str]:
        """Name what is no more as it was; where nothing is, this takes some microseconds.

        A skill may have put anything in the place of what is looked at, as nothing in that of its output.
        """
        try:
            untold = _untold()
        except Exception:  # noqa: BLE001 - whatever it is, it is not as it was
            return ["what cannot be looked at"]
        if untold == self._untold and not self._was_told:
            return []
        before, now = {**self._told._asdict(), **self._untold._asdict()}, _told()._asdict() | untold._asdict()
        return [name for name, was in before.items() if now[name] != was]

    def _hear(self, event: str, _: tuple[Any, ...]) -> None:
        if event in TOLD:
            self._was_told = True


def _told() -> Told:
    return Told(_folder(), dict(os.environ), tuple(map(resource.getrlimit, LIMITS)))


def _untold() -> Untold:
    """Look around; by place, since a call for each or by name takes as long again."""
    numbers, out, err, umask = decimal.getcontext(), sys.stdout, sys.stderr, os.umask(0)
    os.umask(umask)
    return Untold(
        umask,
        time.tzname,
        locale.setlocale(locale.LC_ALL),
        (numbers.prec, numbers.rounding),
        sys.getrecursionlimit(),
        (out, out.closed, err, err.closed),
        os.getpriority(os.PRIO_PROCESS, 0),
        signal.getitimer(signal.ITIMER_REAL)[0] > 0,
        _threads() if threading.active_count() > 1 else 1,
        _has_children(),
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > LARGE_KB,
    )


def _folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - a path object costs as much again
    except OSError:
        return None


def _threads() -> int:
    return sum(not thread.name.startswith(OURS) for thread in threading.enumerate())


def _has_children() -> bool:
    if sys.platform != "linux":
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
