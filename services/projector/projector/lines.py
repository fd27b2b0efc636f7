"""What the processes of a rebuild say to each other: a line of JSON each."""

from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from typing import Any

from shared.json import dumps, loads
from shared.refusal import Refusal

Json = dict[str, Any]
ALIVE: Json = {"alive": True}
ALIVE_S, SILENT_S = 5, 30


class Lines:
    """One end; the other may be gone at any time."""

    def __init__(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def tell(self, told: Json) -> None:
        """Say it to whoever is there still."""
        if self._writer.is_closing():
            return
        with suppress(ConnectionError):
            self._writer.write(dumps(told) + b"\n")
            await self._writer.drain()

    async def hear(self) -> Json | None:
        """Return what is said next; None when nobody is there any more."""
        with suppress(ConnectionError):
            if line := await self._reader.readline():
                heard: Json = loads(line)
                return heard
        return None

    def close(self) -> None:
        self._writer.close()


def told(error: Exception) -> Json:
    """Say what a rebuild broke off at: a refusal, or that NATS or PostgreSQL is away."""
    return error.body() if isinstance(error, Refusal) else {"away": type(error).__name__}


def refusal(heard: Json) -> Refusal:
    """Return what was said so as a refusal; raises ValueError when it is something else."""
    match heard:
        case {"away": error}:
            return Refusal("unavailable", None, f"NATS or PostgreSQL is away: {error}")
        case {"error": {"code": code, "message": message}}:
            return Refusal(code, None, message)
        case _:
            raise ValueError(f"the rebuild said {', '.join(heard)}")
