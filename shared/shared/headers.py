"""Reading what the sender of a NATS message wrote, whatever bytes these are.

nats-py reads no more from a connection after a subject, an answer's address or a status that is no UTF-8, nor
after headers without a line; at a subject with a form feed it takes the connection for broken, and such a
subject could say for which subscription the message is. And it looks at every character of every header's
name: it did so for seven headers of each commit that is read from the log, which took half of the time of
reading it.
"""

import re
from functools import lru_cache, partial

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.protocol import parser

LONGEST_KNOWN = 64
_WORD = rb"([^ \t\r\n]+)[ \t]+"
_WORDS = 2 * _WORD + rb"(" + _WORD + rb")?"
_MESSAGE = re.compile(rb"\AMSG[ \t]+" + _WORDS + rb"(\d+)\r\n")
_WITH_HEADERS = re.compile(rb"\AHMSG[ \t]+" + _WORDS + rb"(\d+)[ \t]+(\d+)\r\n")


def parse(raw: bytes) -> dict[str, str]:
    """Return the headers by name; a line that has no name is passed over."""
    found: dict[str, str] = {}
    for line in raw.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon and (known := (_name if len(name) <= LONGEST_KNOWN else _read_name)(name)):
            found[known] = value.strip().decode("utf-8", "replace")
    return found


def read(raw: bytes) -> dict[str, str] | None:
    """Return the headers, and the status that the first line may tell; None where there are none."""
    first, _, lines = raw.partition(b"\r\n")
    status, _, description = first.partition(b" ")[2].decode("utf-8", "replace").partition(" ")
    told = {"Status": status, "Description": description} if status.isdecimal() else {}
    return {name: value for name, value in told.items() if value} | parse(lines) or None


def _read_name(raw: bytes) -> str | None:
    name = raw.strip()
    return None if not name.isascii() or len(name.split()) != 1 else name.decode()


_name = lru_cache(maxsize=512)(_read_name)


def read_any(client: Client) -> None:
    """Let a client read messages this way."""
    client._process_headers = _headers  # type: ignore[method-assign]  # noqa: SLF001 - there is no other door
    client._build_message = partial(_message, client)  # type: ignore[method-assign]  # noqa: SLF001
    parser.MSG_RE, parser.HMSG_RE = _MESSAGE, _WITH_HEADERS


async def _headers(headers: bytes | None) -> dict[str, str] | None:
    return read(headers) if headers else None


def _message(  # noqa: PLR0917 - as nats-py calls it
    client: Client, sid: int, subject: bytes, reply: bytes, data: bytes, headers: dict[str, str] | None
) -> Msg:
    return client.msg_class(
        _client=client,
        _sid=sid,
        subject=_text(subject),
        reply=_text(reply),
        data=data,
        headers=headers,
    )


def _text(subject: bytes) -> str:
    """Return it in no more bytes than it had: NATS hangs up on who answers to a longer one than it takes."""
    try:
        return subject.decode()
    except UnicodeDecodeError:
        return subject.decode("ascii", "replace").replace("\ufffd", "?")
