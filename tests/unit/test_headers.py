"""Headers are read as the client would read them itself, only faster."""

import pytest
from nats.aio.client import Client

from shared.headers import parse

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
