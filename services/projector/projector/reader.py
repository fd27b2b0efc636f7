"""Reads the log in order: live from the feed, and from the stream whatever the feed left out."""

import asyncio
from collections import deque
from collections.abc import Callable

from nats.aio.msg import Msg

from shared.bus import Bus
from shared.delivery import server_of
from shared.direct_get import ALL, Entry, read_page
from shared.hearing import hear
from shared.refusal import Refusal
from shared.within import set_within

STREAM = "EVT"
MOST = 500
MOST_BYTES = 8 * 1024 * 1024
WAITING_BYTES = 32 * 1024 * 1024
LOOK_S = 1.0
TRIES, AGAIN_S = 20, 0.1


class Gap(Refusal):
    """A sequence is missing in a log that denies deletes: nothing may be projected beyond it."""

    def __init__(self, seq: int) -> None:
        super().__init__("gap", None, f"sequence {seq} is missing in the log: restore it from a backup")


class Reader:
    """The feed is at most once and needs no consumer, so there is none to lose when NATS is killed.

    Its sequences tell what it left out. The stream is asked for that; when in doubt (at the start, after a
    reconnect, after a batch that was not written), until it has no more; and once a second of silence.
    Another process of NATS may have lost the end of the log, and go on with other commits.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._rung = asyncio.Event()
        self._in_doubt = True
        self._server: str | None = None

    async def listen(self) -> None:
        await hear(self._bus.client, "feed.>", self._hear)
        self._bus.on_reconnect(self._reconnected)

    async def batch(self, after: int, wanted: Callable[[], bool]) -> list[Entry]:
        """Wait for what follows on a sequence; a batch is what has come while the last one was written.

        It is empty when NATS is another process than at the last `doubt`, or when no batch is `wanted` any
        more, which is asked once a second at least.
        """
        while self._is_the_same() and wanted():
            self._rung.clear()
            if found := self._take(after):
                return found
            if self._in_doubt or self._entries:
                found = await page(self._bus, after + 1)
                if found and self._is_the_same():
                    return found
                self._in_doubt = False
            if not await set_within(self._rung, LOOK_S):
                self._in_doubt = True
        return []

    def doubt(self) -> None:
        """Ask the stream next: what was handed out may not have been written, what was heard be gone."""
        self._entries.clear()
        self._bytes = 0
        self._in_doubt = True
        self._server = server_of(self._bus.client)

    def _is_the_same(self) -> bool:
        return server_of(self._bus.client) == self._server

    async def _reconnected(self) -> None:
        self._in_doubt = True
        self._rung.set()

    def _take(self, after: int) -> list[Entry]:
        batch: list[Entry] = []
        size = 0
        while self._entries and self._entries[0].seq <= after + 1 and len(batch) < MOST and size < MOST_BYTES:
            entry = self._entries.popleft()
            self._bytes -= len(entry.body)
            if entry.seq == after + 1:
                batch.append(entry)
                size += len(entry.body)
                after = entry.seq
        return batch

    def _hear(self, message: Msg) -> None:
        headers = message.headers or {}
        if self._bytes >= WAITING_BYTES:
            self._in_doubt = True
        elif headers.get("Nats-Stream") == STREAM:
            self._entries.append(Entry(int(headers["Nats-Sequence"]), headers["Nats-Subject"], message.data))
            self._bytes += len(message.data)
        self._rung.set()


async def page(bus: Bus, start: int, most: int = MOST) -> list[Entry]:
    """Read a page of the stream from a sequence on, up to a gap; raises TimeoutError while NATS is away."""
    found = (await read_page(bus, STREAM, ALL, start, most=most, max_bytes=MOST_BYTES)).entries
    if found and found[0].seq != start:
        raise Gap(start)
    return [entry for seq, entry in enumerate(found, start) if entry.seq == seq]


async def page_there(bus: Bus, start: int, most: int) -> list[Entry]:
    """Read a page that begins with a sequence which the log has; a copy of it may be behind for a moment.

    Raises Gap where none has it.
    """
    for _ in range(TRIES):
        if found := await page(bus, start, most):
            return found
        await asyncio.sleep(AGAIN_S)
    raise Gap(start)
