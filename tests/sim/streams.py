"""Streams with expected sequences, and durables that deliver again what nobody acknowledged in time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from msgspec import Struct
from nats.js.errors import APIError

from shared.commit import Commit, decode
from shared.log import Recorded
from shared.subjects import Aggregate
from sim.chance import Chance
from sim.process import Process

EXPECTED = "Nats-Expected-Last-Subject-Sequence"
WRONG_LAST_SEQUENCE = 10071


aggregate_of = cache(Aggregate.parse)


class Stored(Struct):
    """A message; nothing changes it."""

    seq: int
    subject: str
    body: bytes
    headers: dict[str, str]
    at: float
    _recorded: Recorded | None = None

    @property
    def recorded(self) -> Recorded:
        """What the body reads as, read once, whoever asks."""
        if self._recorded is None:
            self._recorded = Recorded(self.seq, decode(self.body))
        return self._recorded

    @property
    def commit(self) -> Commit:
        return self.recorded.commit


@dataclass
class Stream:
    messages: list[Stored] = field(default_factory=list)
    last: dict[str, int] = field(default_factory=dict)
    by_subject: dict[str, list[Stored]] = field(default_factory=dict)

    def append(self, subject: str, body: bytes, headers: dict[str, str], at: float = 0.0) -> int:
        """Store it at a moment, unless the subject's last sequence is another one than expected."""
        expected = headers.get(EXPECTED)
        if expected is not None and int(expected) != self.last.get(subject, 0):
            last = f"wrong last sequence: {self.last.get(subject, 0)}"
            raise APIError(code=400, err_code=WRONG_LAST_SEQUENCE, description=last)
        stored = Stored(len(self.messages) + 1, subject, body, headers, at)
        self.messages.append(stored)
        self.last[subject] = stored.seq
        self.by_subject.setdefault(subject, []).append(stored)
        return stored.seq

    def lose(self, most: int) -> int:
        """Lose the last messages, whose numbers are given again; return how many there were."""
        lost = self.messages[max(0, len(self.messages) - most) :]
        for message in reversed(lost):
            before = self.by_subject[message.subject]
            before.pop()
            self.last[message.subject] = before[-1].seq if before else 0
            self.messages.pop()
        return len(lost)


class Held(Struct):
    """A message that a consumer has been given and has not acked."""

    deliveries: int
    due: float


class Taker(Protocol):
    """Somebody that messages are given to."""

    process: Process

    @property
    def has_room(self) -> bool: ...

    def give(self, message: Stored, deliveries: int) -> None: ...


class Durable:
    """Where a consumer stands: what is new, held, done; each message goes to one of `pulls`."""

    def __init__(self, stream: Stream, filters: tuple[str, ...], ack_wait_s: float, chance: Chance) -> None:
        self.stream = stream
        self.filters = filters
        self.held: dict[int, Held] = {}
        self.pulls: list[Taker] = []
        self._ack_wait_s = ack_wait_s
        self._chance = chance
        self._next = 1
        self._alarm: asyncio.TimerHandle | None = None
        self._due: float | None = None

    def pump(self) -> None:
        """Give out what is new or due, while anybody has room, and look again when the next is due."""
        if not self.held and self._next > len(self.stream.messages):
            return
        loop = asyncio.get_running_loop()
        while takers := [one for one in self.pulls if one.has_room]:
            if (found := self._take(loop.time())) is None:
                self._set_alarm(loop)
                return
            taker = takers[0] if len(takers) == 1 else self._chance.random.choice(takers)
            taker.give(*found)

    @property
    def floor(self) -> int:
        """Up to where all is done, as it counts."""
        return min(self.held, default=self._next) - 1

    @property
    def left(self) -> int:
        """How many nobody has been given."""
        return sum(one.subject.startswith(self.filters) for one in self.stream.messages[self._next - 1 :])

    def set_back(self) -> bool:
        """Know no message that the stream has lost; what was given out is waited for anew.

        One that holds nothing but what was lost stays ahead, as NATS has it; tell whether it does.
        """
        last, due = len(self.stream.messages), asyncio.get_running_loop().time() + self._ack_wait_s
        ahead = bool(self.held) and min(self.held) > last
        if not ahead:
            self._next = min(self._next, last + 1)
        self.held = {seq: Held(held.deliveries, due) for seq, held in self.held.items() if seq <= last}
        self.pump()
        return ahead

    def backup(self) -> Callable[[], None]:
        """Return what puts it back to where it stands now."""
        following, held = self._next, tuple(self.held)

        def put_back() -> None:
            self._next = following
            self.held = {seq: Held(0, 0.0) for seq in held}

        return put_back

    def close(self) -> None:
        self.pulls.clear()
        self._alarm = None

    def _take(self, now: float) -> tuple[Stored, int] | None:
        """Return the next message to deliver and how often it was, with this time."""
        for seq, held in self.held.items():
            if held.due <= now:
                held.deliveries += 1
                held.due = now + self._ack_wait_s
                return self.stream.messages[seq - 1], held.deliveries
        while self._next <= len(self.stream.messages):
            message = self.stream.messages[self._next - 1]
            self._next += 1
            if message.subject.startswith(self.filters):
                self.held[message.seq] = Held(1, now + self._ack_wait_s)
                return message, 1
        return None

    def _set_alarm(self, loop: asyncio.AbstractEventLoop) -> None:
        due = min((held.due for held in self.held.values()), default=None)
        if due is not None and loop.time() < due == self._due:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._due, self._alarm = due, None if due is None else loop.call_at(due, self.pump)
