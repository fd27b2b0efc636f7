"""Logs: one JSON object per line on stderr, for our words and for what libraries say at WARNING and above.

No line holds a value of a request. So of an exception the type and the frames are written; its message only
if the class is ours or one that speaks of the system alone (a connection, a file, a NATS error). pydantic's
ValidationError quotes the input, asyncpg's DataError the row, a KeyError the key: their messages stay out;
the frames say where to look. For the same reason a library's log line is written as its template, without the
arguments.
"""

import logging
import socket
import sys
import threading
import warnings
from contextlib import suppress
from types import TracebackType
from typing import Any, TextIO, cast

from shared.counts import LINES
from shared.live_span import current
from shared.steering import harmless
from shared.structlog_alone import EventDict, FilteringBoundLogger, WrappedLogger, structlog

OURS = ("shared", "orchestrator", "skill_runner", "projector", "campaigns", "totalaud")
SPEAKS_OF_THE_SYSTEM = (OSError, EOFError, ImportError, MemoryError)
FOREIGN = ("uvicorn", "uvicorn.error", "uvicorn.access", "faststream", "nats", "asyncio")
DEPTH = 5
_TIME = structlog.processors.TimeStamper("iso", utc=True, key="timestamp")


def configure(service: str) -> None:
    """Send everything this process says through one renderer, also what ends it."""
    common: list[structlog.typing.Processor] = [_counted, _service(service), _in_span, _TIME]
    render = structlog.processors.JSONRenderer(ensure_ascii=False)
    lines = cast("TextIO", _Lines(sys.stderr))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            *common,
            _safe_exception,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=lines),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(lines)
    handler.setFormatter(_Foreign(common, render))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in FOREIGN:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    warnings.showwarning = cast("Any", _warned)
    sys.excepthook = _crashed
    threading.excepthook = lambda args: _crashed(args.exc_type, args.exc_value, args.exc_traceback)


def get_logger() -> FilteringBoundLogger:
    """Return where our words go; in a program that has not said where, stderr: its stdout is its own."""
    here = (
        structlog.get_logger()
        if structlog.is_configured()
        else structlog.wrap_logger(structlog.PrintLogger(sys.stderr))
    )
    return cast("FilteringBoundLogger", here)


def describe(error: BaseException, depth: int = 0) -> dict[str, Any]:
    """Tell what went wrong and where, without any value: type, frames, causes, the message where safe."""
    kind = type(error)
    told: dict[str, Any] = {"type": f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")}
    if kind.__module__.split(".")[0] in (*OURS, "nats") or isinstance(error, SPEAKS_OF_THE_SYSTEM):
        told["message"] = str(error)
    told["frames"] = list(_frames(error.__traceback__))
    if depth < DEPTH:
        if isinstance(error, BaseExceptionGroup):
            told["errors"] = [describe(inner, depth + 1) for inner in error.exceptions]
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is not None:
            told["cause"] = describe(cause, depth + 1)
    return told


class _Lines:
    """Where lines go; one that cannot be written, the disk being full, is lost and ends nobody's work.

    The name of a field is anybody's: what in it could steer the terminal of a reader is escaped.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._file.write(harmless(text))
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._file.flush()


def _frames(traceback: TracebackType | None) -> list[str]:
    frames = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        frames.append(f"{_short(code.co_filename)}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return frames


def _short(path: str) -> str:
    return "/".join(path.split("/")[-2:])


def _service(name: str) -> structlog.typing.Processor:
    def add(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["service"] = name
        return event

    return add


def _counted(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Count it by our own words, or by the library whose words they are."""
    if event["level"] != "info":
        LINES.counted[event["level"], event.get("logger", event["event"])] += 1
    return event


def _in_span(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    if (span := current()) is not None:
        event["trace_id"], event["span_id"] = span.context.trace_id, span.context.span_id
    return event


def _safe_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = describe(error)
    return event


class _Foreign(logging.Formatter):
    """Renders the record of a library: its template, its place in the source, and the exception's type."""

    def __init__(
        self, common: list[structlog.typing.Processor], render: structlog.processors.JSONRenderer
    ) -> None:
        super().__init__()
        self._common = common
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        event: EventDict = {
            "event": _template(record),
            "level": _level(record),
            "logger": record.name,
        }
        event["at"] = f"{record.module}:{record.lineno}"
        if record.exc_info:
            event["exc_info"] = record.exc_info
        for processor in (*self._common, _safe_exception):
            event = cast("EventDict", processor(None, "", event))
        return str(self._render(None, "", event))


def _level(record: logging.LogRecord) -> str:
    """A name not found for somebody who waits no more, and has said so, is an error to uvloop alone."""
    given_up = record.exc_info and isinstance(record.exc_info[1], socket.gaierror)
    return "warning" if given_up else record.levelname.lower()


def _template(record: logging.LogRecord) -> str:
    told_by_exception = bool(record.exc_info) and not record.args
    if told_by_exception or not isinstance(record.msg, str):
        return "an exception"
    return (record.msg.splitlines() or [""])[0]


def _warned(
    _message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    _file: TextIO | None = None,
    _line: str | None = None,
) -> None:
    get_logger().warning("a warning", category=category.__name__, at=f"{_short(filename)}:{lineno}")


def _crashed(kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    get_logger().error("crashed", exc_info=error if error is not None else (kind, None, traceback))
