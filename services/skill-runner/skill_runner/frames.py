"""How the runner and its workers talk: frames of four bytes of length and that much JSON."""

import os
import struct
from collections.abc import Iterator
from typing import Any

import msgspec

HEADER = struct.Struct(">I")
OUTPUT_LIMIT = 2_500_000
AT_ONCE = 2**16
OUT_OF_MEMORY = 12
"""The exit code of a worker whose skill wanted more memory than there is."""
OUT_OF_FILES = 24
"""That of one in which as many files are open as may be."""
SHOW = "TOTALAUD_SKILL_OUTPUT"
"""Where it is set, what a skill prints and the traceback of what it raises are written to stderr."""
Frame = dict[str, Any]


def pack(frame: Frame) -> bytes:
    """Encode; raises TypeError, ValueError or RecursionError for what is no JSON, but not for NaN."""
    body = msgspec.json.encode(frame)
    return HEADER.pack(len(body)) + body


class Incoming:
    """Puts frames together out of what a pipe brings."""

    def __init__(self) -> None:
        self._part = bytearray()

    def of(self, data: bytes) -> list[bytes]:
        """Return what each frame holds that is whole now."""
        whole: bytes | bytearray = data
        if self._part:
            self._part += data
            whole = self._part
        found, start = [], 0
        while len(whole) >= (begin := start + HEADER.size):
            end = begin + HEADER.unpack_from(whole, start)[0]
            if len(whole) < end:
                break
            found.append(bytes(whole[begin:end]))
            start = end
        self._part = bytearray(whole[start:]) if start or whole is data else self._part
        return found


def calls(descriptor: int) -> Iterator[Frame]:
    """Read calls from a blocking pipe until its end."""
    incoming = Incoming()
    while data := os.read(descriptor, AT_ONCE):
        for body in incoming.of(data):
            yield msgspec.json.decode(body)


def write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
