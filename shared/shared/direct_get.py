"""Reading a page of a stream without a consumer: JetStream's batched direct get."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout

from shared.bus import Bus
from shared.json import dumps

ANSWER_S = 5.0
MOST_BYTES = 8 * 1024 * 1024
MOST_SUBJECTS = 500
ALL = ">"


@dataclass(frozen=True, slots=True)
class Entry:
    """A message of a stream, not yet decoded."""

    seq: int
    subject: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in order, and whether there are more behind them."""

    entries: list[Entry]
    more: bool


@dataclass(frozen=True, slots=True)
class Lasts:
    """Last messages, whether there are more, and the sequence up to which the copy goes that told them.

    One that has none of them does not tell that: 0.
    """

    entries: list[Entry]
    more: bool
    upto: int


async def read_page(
    bus: Bus,
    stream: str,
    subject: str,
    start: int | datetime,
    *,
    most: int = 1000,
    max_bytes: int = MOST_BYTES,
) -> Page:
    """Read up to `most` messages of a subject (wildcards allowed) from a sequence or a moment on.

    Once there are `max_bytes` the page ends: NATS cuts off whoever it holds more than 64 MB for.

    NATS counts what is left for each page: at once for ALL, subject by subject for any other wildcard, which
    takes longer the more subjects there are.

    Raises TimeoutError or a nats error while the stream is away.
    """
    messages, more = await read_messages(bus, stream, subject, start, most=most, max_bytes=max_bytes)
    return Page(_entries(messages), more)


async def read_messages(
    bus: Bus, stream: str, subject: str, start: int | datetime, *, most: int, max_bytes: int = MOST_BYTES
) -> tuple[list[Msg], bool]:
    """Read a page as NATS sends it, with all that its headers tell."""
    begin = {"seq": max(1, start)} if isinstance(start, int) else {"start_time": start.isoformat()}
    ask = {"batch": most, "max_bytes": max_bytes, "next_by_subj": subject, **begin}
    messages, end = await _answered(bus, stream, ask)
    return messages, _more(end)


async def read_lasts(bus: Bus, stream: str, subjects: Sequence[str]) -> Lasts:
    """Read the last message of each subject (wildcards allowed) that has one, at most MOST_SUBJECTS.

    Once there are MOST_BYTES the answer ends.
    """
    messages, end = await _answered(bus, stream, {"multi_last": list(subjects), "max_bytes": MOST_BYTES})
    return Lasts(_entries(messages), _more(end), int(end.get("Nats-UpTo-Sequence", "0")))


def _more(end: Mapping[str, str]) -> bool:
    return int(end.get("Nats-Num-Pending", "0")) > 0


async def _answered(bus: Bus, stream: str, ask: Mapping[str, object]) -> tuple[list[Msg], Mapping[str, str]]:
    """Return the messages, and the headers that end them."""
    subject = f"$JS.API.DIRECT.GET.{stream}"
    *messages, last = await bus.replies.many(subject, dumps(ask), is_last=_has_status, silence=ANSWER_S)
    headers = last.headers or {}
    match headers["Status"]:
        case "204":
            _check_whole([*messages, last])
            return messages, headers
        case "404":
            return messages, {}
        case "503":
            raise NoRespondersError
        case status:
            raise RuntimeError(f"direct get answered {status}")


def _check_whole(messages: Sequence[Msg]) -> None:
    """Raise TimeoutError where a connection that was lost and came back has left some of them out."""
    before = "0"
    for message in messages:
        headers = message.headers or {}
        if headers["Nats-Last-Sequence"] != before:
            raise NatsTimeout
        before = headers.get("Nats-Sequence", before)


def _has_status(message: Msg) -> bool:
    return "Status" in (message.headers or {})


def _entries(messages: list[Msg]) -> list[Entry]:
    return [_entry(message.headers or {}, message.data) for message in messages]


def _entry(headers: dict[str, str], body: bytes) -> Entry:
    return Entry(int(headers["Nats-Sequence"]), headers["Nats-Subject"], body)
