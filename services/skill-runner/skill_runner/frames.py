"""How the runner and its workers talk: frames of four bytes of length and that much JSON."""

import json
import os
import struct
from collections.abc import Iterator
from typing import Any

HEADER = struct.Struct(">I")
OUTPUT_LIMIT = 2_500_000
AT_ONCE = 2**16
Frame = dict[str, Any]
_write = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def pack(frame: Frame) -> bytes:
    """Encode; raises ValueError, TypeError or RecursionError for what is no JSON."""
    body = _write(frame).encode()
    return HEADER.pack(len(body)) + body


class Incoming:
    """Puts frames together out of what a pipe brings."""

    def __init__(self) -> None:
        self._data = bytearray()

    def of(self, data: bytes) -> Iterator[Frame]:
        """Yield each frame that is whole now; raises ValueError for what is none."""
        self._data += data
        while len(self._data) >= HEADER.size:
            end = HEADER.size + HEADER.unpack_from(self._data)[0]
            if len(self._data) < end:
                return
            body = bytes(self._data[HEADER.size : end])
            del self._data[:end]
            yield json.loads(body)


def frames(descriptor: int) -> Iterator[Frame]:
    """Read frames from a blocking pipe until its end."""
    incoming = Incoming()
    while data := os.read(descriptor, AT_ONCE):
        yield from incoming.of(data)


def write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
