"""A child process that does not outlive its parent, with its output in a file."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from shared.no_core import leave_no_core
from totalaud.stack import paths
from totalaud.stack.accounts import Account

MAX_LOG_BYTES = 5_000_000
PR_SET_PDEATHSIG = 1
TAIL_LINES, TAIL_BYTES = 15, 1_000_000
LEAVE_S = 5.0


@dataclass(frozen=True, slots=True)
class Program:
    """What is to be started, and how it is stopped: `stop_signal`, and SIGKILL after `grace_s` seconds.

    `orphan_signal` is what the kernel sends (Linux only) when the parent is gone.
    """

    name: str
    args: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    grace_s: float = LEAVE_S


@dataclass(slots=True)
class Child:
    """A program that runs, leader of a process group of its own."""

    program: Program
    log: Path
    _process: asyncio.subprocess.Process = field(repr=False)
    _said_before: int = 0

    @classmethod
    async def start(cls, program: Program, logs: Path) -> "Child":
        log = paths.make_folder(logs) / f"{program.name}.log"
        account = program.account
        with _opened(log) as output:
            said_before = output.tell()
            process = await asyncio.create_subprocess_exec(
                *program.args,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(program.env),
                cwd=program.cwd,
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                preexec_fn=_before_it_begins(program.orphan_signal),
            )
        return cls(program, log, process, said_before)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code, minus the signal's number for a killed one; None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, insist after its grace, and end what it left behind in its group."""
        if self.code is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(self.program.stop_signal)
            with suppress(TimeoutError):
                await asyncio.wait_for(self.wait(), self.program.grace_s)
        await self.kill()

    async def kill(self) -> None:
        """SIGKILL to its whole group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        await self.wait()

    def tail(self) -> str:
        """Return the last lines it wrote."""
        with self.log.open("rb") as written:
            end = written.seek(0, os.SEEK_END)
            written.seek(max(self._said_before, end - TAIL_BYTES))
            lines = written.read(TAIL_BYTES).decode(errors="replace").splitlines()
        return "\n".join(lines[-TAIL_LINES:])


def _opened(log: Path) -> BinaryIO:
    if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    output = os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
    output.seek(0, os.SEEK_END)
    return output


def _before_it_begins(orphaned: signal.Signals) -> Callable[[], None]:
    """Have it leave no core, and on Linux end with its parent."""
    libc = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
    parent = os.getpid()

    def prepare() -> None:
        leave_no_core()
        if libc:
            libc.prctl(PR_SET_PDEATHSIG, orphaned, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return prepare
