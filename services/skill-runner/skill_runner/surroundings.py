"""What of its process a skill may change or leave running, for whoever is run in it next."""

import decimal
import locale
import os
import resource
import signal
import sys
import threading
import time
from typing import Any, NamedTuple, cast

LIMITS = (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)
OURS = "tables"
"""The name of the threads that a worker itself begins."""
LARGE_KB = 2**20


class Surroundings(NamedTuple):
    """As they are at one moment; what a module holds is not among them."""

    folder: str | None
    umask: int
    environment: dict[bytes, bytes]
    time_zone: tuple[str, str]
    locale: str
    decimals: tuple[int, str]
    recursion: int
    output: tuple[object, ...]
    limits: tuple[tuple[int, int], ...]
    priority: int
    timer: bool
    threads: int
    processes: bool
    memory: bool

    def changed(self, later: "Surroundings") -> list[str]:
        """Name what is not as it was."""
        return [name for name, was, is_ in zip(self._fields, self, later, strict=True) if was != is_]


def surroundings() -> Surroundings:
    """Look around, in a hundredth of a millisecond: this is done after each call."""
    numbers = decimal.getcontext()
    return Surroundings(
        folder=_folder(),
        umask=_umask(),
        environment=_environment(),
        time_zone=time.tzname,
        locale=locale.setlocale(locale.LC_ALL),
        decimals=(numbers.prec, numbers.rounding),
        recursion=sys.getrecursionlimit(),
        output=(sys.stdout, sys.stdout.closed, sys.stderr, sys.stderr.closed),
        limits=tuple(map(resource.getrlimit, LIMITS)),
        priority=os.nice(0),
        timer=signal.getitimer(signal.ITIMER_REAL) != (0.0, 0.0),
        threads=sum(not thread.name.startswith(OURS) for thread in threading.enumerate()),
        processes=_has_children(),
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > LARGE_KB,
    )


def _folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - a path object costs as much again
    except OSError:
        return None


def _umask() -> int:
    umask = os.umask(0)
    os.umask(umask)
    return umask


def _environment() -> dict[bytes, bytes]:
    """Copy it as it is: `os.environ` would decode each variable."""
    return dict(cast("dict[bytes, bytes]", cast("Any", vars(os.environ))["_data"]))


def _has_children() -> bool:
    if sys.platform != "linux":
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
