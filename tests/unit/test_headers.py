"""Headers are read as the client would read them itself, only faster."""

import asyncio
import tracemalloc

import pytest
from nats.aio.client import Client

from shared.headers import parse, read

LINES = [
    b"",
    b"Nats-Sequence: 12\r\nNats-Subject: evt.u.session.s\r\n\r\n",
    b"Name:value\r\nTabbed:\tvalue \r\n",
    b"Empty:\r\nnot a header\r\n: no name\r\n",
    b"two words: dropped\r\nkept: a: b: c\r\n",
    "ünbekannt: dropped\r\nkept: ünïcode\r\n".encode(),
    b"bad: \xff\xfe\r\nTwice: 1\r\nTwice: 2\r\n",
    b"Unended: line",
]


@pytest.mark.parametrize("raw", LINES)
def test_headers_are_what_the_client_itself_reads(raw: bytes):
    named = {name: value for name, value in Client._parse_header_lines(raw).items() if name}
    assert parse(raw) == named


@pytest.mark.parametrize(
    "raw",
    [
        b"NATS/1.0\r\n\r\n",
        b"NATS/1.0 503\r\n\r\n",
        b"NATS/1.0 100 Idle Heartbeat\r\n\r\n",
        b"NATS/1.0 409 Message Size Exceeds MaxBytes\r\nNats-Pending-Messages: 3\r\n\r\n",
        b"NATS/1.0\r\nStatus: 204\r\n\r\n",
    ],
)
def test_a_status_is_what_the_client_itself_reads(raw: bytes):
    assert read(raw) == asyncio.run(Client()._process_headers(raw))


def test_of_a_name_as_long_as_a_message_nothing_stays_in_memory():
    tracemalloc.start()
    try:
        for number in range(20):
            parse(b"%d" % number + b"x" * 1_000_000 + b": value\r\n")
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000
