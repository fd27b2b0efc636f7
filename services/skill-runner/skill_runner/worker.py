"""A process that runs the functions of skills, one at a time, and may be killed at any moment."""

import ctypes
import errno
import os
import resource
import signal
import sys
import traceback
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from io import TextIOWrapper
from pathlib import Path
from types import GeneratorType
from typing import Any, cast
from uuid import UUID

from skill_runner.context import Context, SkillError, Tables
from skill_runner.frames import OUT_OF_FILES, OUT_OF_MEMORY, SHOW, Frame, calls, pack, write
from skill_runner.plain import framed
from skill_runner.raised import told
from skill_runner.skillfile import SkillFiles
from skill_runner.surroundings import Surroundings

DIE_WITH_PARENT = 1
FORKED = "context.rows is for the skill's own process, and not for those that it forks"
NO_THREAD = "can't start new thread"


def main() -> None:
    """Serve calls from stdin until it ends; the first frame says where skills and tables are."""
    parent = int(sys.argv[1])
    incoming, outgoing = _private_pipes()
    _die_with(parent)
    asked = calls(incoming)
    start = next(asked, None)
    if start is None:
        return
    _limit_memory(int(start["memory_bytes"]))
    kept = start.get("kept")
    files = SkillFiles(Path(start["skills"]), Path(kept) if kept else None)
    worker = Worker(files, start["database_url"], outgoing, start["fetch_allow"])
    write(outgoing, pack({"ready": True}))
    for call in asked:
        worker.serve(call)


class Worker:
    def __init__(self, files: SkillFiles, database_url: str, outgoing: int, fetch_allow: str) -> None:
        self._files = files
        self._database_url = database_url
        self._outgoing = outgoing
        self._fetch_allow = fetch_allow
        self._tables: Tables | None = None
        self._pid = os.getpid()
        self._surroundings = Surroundings()

    def rows(self, sql: str, named: dict[str, Any], log_seq: int, wait_s: float) -> list[dict[str, Any]]:
        """Read from the tables; their driver is most of a worker's start, so it waits for the first query.

        A fork would read, and spoil, the answers that are its parent's: they share one connection.
        """
        if os.getpid() != self._pid:
            raise SkillError(FORKED)
        if self._tables is None:
            from skill_runner.tables import Blocking, ReadModel

            self._tables = Blocking(ReadModel(self._database_url))
        return self._tables.rows(sql, named, log_seq, wait_s)

    def serve(self, call: Frame) -> None:
        """Run one function of a skill and answer, whatever it does short of ending the process."""
        try:
            function = self._files.function(call["skill"], call["python_hash"], call.get("function", "run"))
            arguments = call["arguments"] if "function" in call else (call["input"], self._context(call))
            data = framed("output", None if arguments is None else self._drained(function(*arguments)))
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        except BaseException as error:  # noqa: BLE001 - a skill may raise anything, SystemExit too
            _show(error)
            _end_if_used_up(error)
            data = pack({"error": told(error, self._files.roots)})
        if left := self._surroundings.changed():
            _show_left(call["skill"], left)
            self._tell(pack({"spent": True}))
        self._tell(data)

    def _tell(self, data: bytes) -> None:
        """Answer; a process that a skill has forked ends here, or it would answer somebody else's call."""
        if os.getpid() != self._pid:
            os._exit(0)
        write(self._outgoing, data)

    def _context(self, call: Frame) -> Context:
        return Context(
            _user(call["user"]),
            datetime.fromisoformat(call["now"]),
            tables=self,
            log_seq=call["log_seq"],
            wait_s=call["wait_s"],
            fetch_allow=self._fetch_allow,
        )

    def _drained(self, output: Any) -> Any:
        if not isinstance(output, GeneratorType):
            return output
        last = None
        while True:
            try:
                last = next(output)
            except StopIteration as end:
                return last if end.value is None else end.value
            self._tell(framed("partial", last))


def _show(error: BaseException) -> None:
    """Write the traceback to where a skill's prints go; what is told of it is the line alone."""
    if os.environ.get(SHOW):
        with suppress(Exception):
            traceback.print_exception(error)


def _end_if_used_up(error: BaseException | None) -> None:
    """End this process where skills have left it no files or threads: what is run in it next would fail."""
    while error is not None:
        match error:
            case OSError(errno=errno.EMFILE):
                os._exit(OUT_OF_FILES)
            case RuntimeError() if str(error) == NO_THREAD:
                os._exit(OUT_OF_MEMORY)
            case _:
                error = error.__context__


def _show_left(skill: str, left: Iterable[str]) -> None:
    if os.environ.get(SHOW):
        with suppress(OSError):
            os.write(2, f"{skill} ends its process: it has left changed {', '.join(left)}\n".encode())


@lru_cache(maxsize=64)
def _user(text: str) -> UUID:
    return UUID(text)


def _private_pipes() -> tuple[int, int]:
    """Keep our pipes to ourselves: a skill that prints or reads must not disturb them."""
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    shown = bool(os.environ.get(SHOW))
    os.dup2(2 if shown else nothing, 1)
    if shown:
        cast("TextIOWrapper", sys.stdout).reconfigure(line_buffering=True)
    else:
        os.dup2(nothing, 2)
    return incoming, outgoing


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")
    if os.getppid() != parent:
        sys.exit(0)


def _limit_memory(size: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if size and sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (size, hard))


if __name__ == "__main__":
    main()
