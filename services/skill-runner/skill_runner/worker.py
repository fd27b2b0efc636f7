"""A process that runs the functions of skills, one at a time, and may be killed at any moment."""

import ctypes
import errno
import os
import resource
import signal
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime
from functools import lru_cache
from io import TextIOWrapper
from math import isfinite
from pathlib import Path
from types import GeneratorType, TracebackType
from typing import Any, cast
from uuid import UUID

from shared.places import text_of
from skill_runner.context import Context, SkillError, Tables
from skill_runner.frames import OUT_OF_FILES, OUT_OF_MEMORY, OUTPUT_LIMIT, SHOW, Frame, calls, pack, write
from skill_runner.skillfile import Missing, SkillFiles
from skill_runner.surroundings import Surroundings

DIE_WITH_PARENT = 1
FORKED = "context.rows is for the skill's own process, and not for those that it forks"
LEAVES = {type(None), bool, int, str}
NO_THREAD = "can't start new thread"
PASSING_STATES = ("08", "40", "53", "57")


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


class NotJson(ValueError):  # noqa: N818 - reads as what it says
    """Says what it is, without its value."""


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


def framed(kind: str, value: Any) -> bytes:
    """Encode what a skill returned or yielded; raises SkillError when it cannot be told."""
    try:
        data = pack({kind: plain(value)})
    except (TypeError, ValueError, RecursionError) as error:
        why = f": {_where(value)}{error}" if isinstance(error, NotJson) else ""
        raise SkillError(f"the skill's {kind} is not JSON{why}", code="invalid_output") from None
    if len(data) > OUTPUT_LIMIT:
        raise SkillError(
            f"the skill's {kind} has {len(data)} bytes, {OUTPUT_LIMIT} are allowed", code="output_too_large"
        )
    return data


def _where(value: Any) -> str:
    """Name the place of the first part that is not JSON."""
    place: list[str | int] = []
    while (part := _first_bad(value)) is not None:
        place.append(part)
        value = value[part]
    return f"at {text_of(place)} " if place else ""


def _first_bad(value: Any) -> str | int | None:
    """Return which of its parts is not JSON; None where it is the value itself."""
    parts: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        parts = value.items()
    elif isinstance(value, list | tuple):
        parts = enumerate(value)
    for part, inner in parts:
        try:
            _plained(inner)
        except NotJson:
            return cast("str | int", part)
    return None


def told(error: BaseException, roots: Iterable[Path]) -> Frame:
    """Describe an exception by type and line; its text may hold personal values."""
    match error:
        case Missing():
            return {
                "code": "definition_missing",
                "message": "the skill-runner does not have the Python file of this version of the skill: "
                "start it with the folder that was pushed, or push the skills that it has, then retry",
                "retryable": False,
            }
        case SkillError():
            return {"code": text(error.code), "message": text(error), "retryable": bool(error.retryable)}
        case _:
            return {
                "code": "skill_error",
                "message": f"{type(error).__name__}{_place(error, roots)}",
                "retryable": _is_outage(error),
            }


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


def text(value: object) -> str:
    """Write down what a skill gave for a text: nobody has checked what it is."""
    return str(value).encode(errors="replace").decode()


def plain(value: Any) -> Any:
    """Return the value as JSON has it: ids and times as text, tuples as lists. Raises NotJson."""
    return value if _is_plain(value) else _plained(value)


def _is_plain(value: Any) -> bool:
    """Say whether it is so already, and mostly without a call for each part of it."""
    kind = type(value)
    if kind is dict:
        if not all(type(key) is str for key in value):
            return False
        value = value.values()
    elif kind is not list:
        return kind in LEAVES or (kind is float and isfinite(value))
    return all(type(inner) in LEAVES or _is_plain(inner) for inner in value)


def _plained(value: Any) -> Any:
    match value:
        case None | bool():
            return value
        case int():
            return int(value)
        case float() if isfinite(value):
            return float(value)
        case float():
            raise NotJson("it holds a number that is none")
        case str():
            return str.__str__(value)
        case dict():
            return {_key(key): _plained(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plained(inner) for inner in value]
        case UUID():
            return str(value)
        case date():
            return value.isoformat()
        case _:
            raise NotJson(f"it holds a {type(value).__name__}")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise NotJson("a name in it is no text")
    return str.__str__(key)


@lru_cache(maxsize=64)
def _user(text: str) -> UUID:
    return UUID(text)


def _place(error: BaseException, roots: Iterable[Path]) -> str:
    """Name the innermost line that is in a skill's file, be it one that is no Python."""
    lines = [*_frames(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        lines.append((error.filename, error.lineno))
    places = [
        f" at {Path(file).name}:{line}"
        for file, line in lines
        if any(Path(file).is_relative_to(root) for root in roots)
    ]
    return places[-1] if places else ""


def _frames(where: TracebackType | None) -> Iterator[tuple[str, int]]:
    while where is not None:
        yield where.tb_frame.f_code.co_filename, where.tb_lineno
        where = where.tb_next


def _is_outage(error: BaseException) -> bool:
    """Whether it speaks of something that was away, so that trying again may help."""
    if isinstance(error, OSError | TimeoutError):
        return True
    state = getattr(error, "sqlstate", None)
    return type(error).__module__.startswith("asyncpg") and (state is None or state[:2] in PASSING_STATES)


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
