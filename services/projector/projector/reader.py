"""Reads the log in order: live from the feed, and from the stream whatever the feed did not bring."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

from nats.aio.msg import Msg
from nats.errors import NoRespondersError

from shared.bus import Bus
from shared.json import dumps

PAGE = 500
PAGE_BYTES = 6_000_000
MOST_WAITING = 5_000
LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A message of EVT, not yet decoded."""

    seq: int
    subject: str
    body: bytes


class Reader:
    """Sequences are contiguous: EVT denies deletes, and a gap in the feed is read from the stream."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._live: deque[Entry] = deque(maxlen=MOST_WAITING)
        self._rung = asyncio.Event()

    @classmethod
    async def start(cls, bus: Bus) -> Self:
        reader = cls(bus)
        await bus.client.subscribe("feed.>", cb=reader._hear)
        return reader

    async def entries(self, after: int) -> AsyncIterator[list[Entry]]:
        """Yield batches for ever, as large as what is waiting, up to a page."""
        while True:
            batch = self._take(after) or await page(self._bus, after + 1)
            if batch:
                yield batch
                after = batch[-1].seq
            else:
                await self._wait()

    def _take(self, after: int) -> list[Entry]:
        batch: list[Entry] = []
        size = 0
        while self._live and len(batch) < PAGE and size < PAGE_BYTES:
            entry = self._live[0]
            if entry.seq > after + 1:
                break
            self._live.popleft()
            if entry.seq == after + 1:
                batch.append(entry)
                size += len(entry.body)
                after = entry.seq
        return batch

    async def _hear(self, message: Msg) -> None:
        headers = message.headers or {}
        subject = headers.get("Nats-Subject", "")
        if subject.startswith("evt."):
            self._live.append(Entry(int(headers["Nats-Sequence"]), subject, message.data))
            self._rung.set()

    async def _wait(self) -> None:
        self._rung.clear()
        if self._live:
            return
        try:
            await asyncio.wait_for(self._rung.wait(), LOOK_S)
        except TimeoutError:
            return


async def page(bus: Bus, start: int, most: int = PAGE) -> list[Entry]:
    """Read up to a page of the stream from a sequence on; raises TimeoutError while NATS is away."""
    inbox = bus.client.new_inbox()
    subscription = await bus.client.subscribe(inbox)
    found: list[Entry] = []
    try:
        ask = {"batch": most, "next_by_subj": "evt.>", "seq": start, "max_bytes": PAGE_BYTES}
        await bus.client.publish("$JS.API.DIRECT.GET.EVT", dumps(ask), reply=inbox)
        while True:
            message = await subscription.next_msg(timeout=5)
            headers = message.headers or {}
            if (status := headers.get("Status")) is not None:
                if status == "503":
                    raise NoRespondersError
                return found
            found.append(Entry(int(headers["Nats-Sequence"]), headers["Nats-Subject"], message.data))
    finally:
        await subscription.unsubscribe()
