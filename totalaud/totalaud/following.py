"""Following a session: the feed for speed, the log for whatever the feed did not bring."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress

from nats.errors import ConnectionClosedError
from nats.errors import Error as NatsError

from shared import json
from shared.bus import Bus
from shared.listening import Heard
from shared.refusal import Refusal
from shared.subjects import Aggregate
from totalaud.errors import Closed, Unreachable
from totalaud.logged import Logged, Merge

SILENCE_S, MOST_SILENCES = 1.0, 10
OUTAGE_S = 60.0
FLUSH_S = 2
KEPT = 8
Page = tuple[list[Logged], bool]
ReadPage = Callable[[int], Awaitable[Page]]
Live = tuple[int, Logged]


async def follow(
    bus: Bus, aggregate: Aggregate, read: ReadPage, from_seq: int, *, answered: bool
) -> AsyncGenerator[Logged, None]:
    """Yield every commit from a sequence on, each once and in order, until the session has ended.

    `read(from_seq)` returns a page of the log and whether there is more. It is asked at the start, for every
    gap, and when the feed is silent, for that is at most once (see `_Silence`). Once it has answered, or
    where something was `answered` before, it may be away for a minute, or say that the log is. For a slow
    reader a few commits are kept, the newest: the gap before them is read from the log.
    """
    heard: asyncio.Queue[Live] = asyncio.Queue(KEPT)

    async def hear(message: Heard) -> None:
        commit = Logged.of(json.loads(message.body, json.AROUND), int(message.headers["Nats-Sequence"]))
        if heard.full():
            heard.get_nowait()
        heard.put_nowait((int(message.headers.get("Nats-Last-Sequence", "0")), commit))

    try:
        subscription = await bus.listen(aggregate.feed, hear)
    except ConnectionClosedError:
        raise Closed from None
    merge, reader, silence = Merge(from_seq), _Reader(read, answered=answered), _Silence(bus, heard)
    live: Live | None = None
    more = True
    try:
        await _heard_from_now_on(bus)
        while more or not merge.ended:
            if live is None or merge.lacks(live[0]):
                commits, more = await reader.page(merge.newest + 1) or ([], more)
            else:
                commits, more = [live[1]], False
            for commit in commits:
                if merge.take(commit):
                    yield commit
            at_once = commits if more else merge.ended
            live = None if at_once else await silence.broken(in_vain=not commits and not reader.is_away)
    finally:
        if not bus.client.is_closed:
            await subscription.unsubscribe()


async def read_all(read: ReadPage, from_seq: int) -> AsyncGenerator[Logged, None]:
    """Yield what the log holds now."""
    more = True
    while more:
        commits, more = await read(from_seq)
        for commit in commits:
            yield commit
            from_seq = commit.seq + 1


class _Reader:
    """Reads pages; forgives an outage once there was an answer, be it that the log is away."""

    def __init__(self, read: ReadPage, *, answered: bool) -> None:
        self._read = read
        self._answered = answered
        self._away: float | None = None

    @property
    def is_away(self) -> bool:
        return self._away is not None

    async def page(self, from_seq: int) -> Page | None:
        """Return a page, None while there is none to be had."""
        try:
            page = await self._read(from_seq)
        except Closed:
            raise
        except Unreachable as away:
            self._bear(away)
            return None
        except Refusal as refusal:
            if refusal.code != "unavailable":
                raise
            self._answered = True
            self._bear(refusal)
            return None
        self._answered, self._away = True, None
        return page

    def _bear(self, outage: Exception) -> None:
        """Count from when it was first not answered: while the feed brings all, nobody asks."""
        self._away = self._away or _now()
        if not self._answered or _now() - self._away > OUTAGE_S:
            raise outage


class _Silence:
    """How long nothing is heard until the log is asked.

    It is a second, and twice as long each time that the log was asked in vain, up to ten: of thousands of
    followers who each ask every second these questions would be all that is answered. After a reconnect it
    is over, for something may have been missed.
    """

    def __init__(self, bus: Bus, heard: asyncio.Queue[Live]) -> None:
        self._bus = bus
        self._heard = heard
        self._lives = self._reconnects()
        self._silences = 1

    async def broken(self, *, in_vain: bool) -> Live | None:
        """Return what is heard, None once the log is to be asked; `in_vain`: it has just told nothing."""
        self._silences = min(2 * self._silences, MOST_SILENCES) if in_vain else 1
        for _ in range(self._silences):
            if self._lives != self._reconnects():
                break
            with suppress(TimeoutError):
                async with asyncio.timeout(SILENCE_S):
                    return await self._heard.get()
        self._lives = self._reconnects()
        return None

    def _reconnects(self) -> int:
        return int(self._bus.client.stats["reconnects"])


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _heard_from_now_on(bus: Bus) -> None:
    """Wait until the server has the subscription; while it is away the log tells what the feed does not."""
    with suppress(NatsError):
        await bus.settled(FLUSH_S)
