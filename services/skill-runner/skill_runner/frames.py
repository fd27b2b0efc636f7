"""How the runner and its workers talk: frames of four bytes of length and that much JSON."""

import asyncio
import json
import os
import struct
from typing import Any

HEADER = struct.Struct(">I")
OUTPUT_LIMIT = 2_500_000
Frame = dict[str, Any]


def pack(frame: Frame) -> bytes:
    """Encode; raises ValueError, TypeError or RecursionError for what is no JSON."""
    body = json.dumps(frame, allow_nan=False, separators=(",", ":")).encode()
    return HEADER.pack(len(body)) + body


async def receive(reader: asyncio.StreamReader) -> Frame:
    """Read one frame; raises IncompleteReadError when the other side has gone."""
    (size,) = HEADER.unpack(await reader.readexactly(HEADER.size))
    frame: Frame = json.loads(await reader.readexactly(size))
    return frame


def read(descriptor: int) -> Frame | None:
    """Read one frame from a blocking pipe; None at its end."""
    header = _exactly(descriptor, HEADER.size)
    if header is None:
        return None
    body = _exactly(descriptor, HEADER.unpack(header)[0])
    return None if body is None else json.loads(body)


def write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _exactly(descriptor: int, size: int) -> bytes | None:
    parts = []
    while size:
        part = os.read(descriptor, size)
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
