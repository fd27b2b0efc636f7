"""NATS as our code uses it: streams with expected sequences, durables with ack waits, subjects."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from nats.js.errors import APIError, NoStreamResponseError

from sim.chance import Chance

EXPECTED = "Nats-Expected-Last-Subject-Sequence"
WRONG_LAST_SEQUENCE = 10071
ROOTS = {"evt": "EVT", "cmd": "CMD", "late": "CMD", "work": "WORK", "dlq": "DLQ"}


@dataclass(frozen=True, slots=True)
class Stored:
    seq: int
    subject: str
    body: bytes
    headers: dict[str, str]


@dataclass
class Stream:
    messages: list[Stored] = field(default_factory=list)
    last: dict[str, int] = field(default_factory=dict)
    by_subject: dict[str, list[Stored]] = field(default_factory=dict)

    def append(self, subject: str, body: bytes, headers: dict[str, str]) -> int:
        """Store it, unless the subject's last sequence is another one than expected."""
        expected = headers.get(EXPECTED)
        if expected is not None and int(expected) != self.last.get(subject, 0):
            raise APIError(code=400, err_code=WRONG_LAST_SEQUENCE, description="wrong last sequence")
        stored = Stored(len(self.messages) + 1, subject, body, headers)
        self.messages.append(stored)
        self.last[subject] = stored.seq
        self.by_subject.setdefault(subject, []).append(stored)
        return stored.seq


@dataclass
class Held:
    """A message that a consumer has been given and has not acked."""

    deliveries: int
    due: float


@dataclass
class Durable:
    """Where a consumer stands: what is new, what is held, what is done."""

    stream: Stream
    filters: tuple[str, ...]
    next: int = 1
    held: dict[int, Held] = field(default_factory=dict)

    def take(self, now: float, ack_wait_s: float) -> tuple[Stored, int] | None:
        """Return the next message to deliver and how often it was, with this time."""
        for seq, held in self.held.items():
            if held.due <= now:
                held.deliveries += 1
                held.due = now + ack_wait_s
                return self.stream.messages[seq - 1], held.deliveries
        while self.next <= len(self.stream.messages):
            message = self.stream.messages[self.next - 1]
            self.next += 1
            if message.subject.startswith(self.filters):
                self.held[message.seq] = Held(1, now + ack_wait_s)
                return message, 1
        return None

    def due(self) -> float | None:
        """Return when a held message comes again, at the earliest."""
        return min((held.due for held in self.held.values()), default=None)


@dataclass
class Listener:
    """A subscription of one process; of those with the same queue one hears each message."""

    process: Any
    subject: str
    queue: str
    hear: Callable[[str, bytes, dict[str, str], Callable[[bytes], None] | None], Awaitable[None]]

    def matches(self, subject: str) -> bool:
        want, have = self.subject.split("."), subject.split(".")
        return len(want) == len(have) and all(a in ("*", b) for a, b in zip(want, have, strict=True))


class Server:
    """One NATS; it never loses what it has acknowledged."""

    def __init__(self, chance: Chance, ack_wait_s: float) -> None:
        self.chance = chance
        self.ack_wait_s = ack_wait_s
        self.streams = {name: Stream() for name in set(ROOTS.values())}
        self.listeners: list[Listener] = []
        self.changed: dict[str, list[asyncio.Event]] = {name: [] for name in self.streams}
        self.elected_at = 0.0
        cmd, work = self.streams["CMD"], self.streams["WORK"]
        self.durables = {
            "orchestrator": Durable(cmd, ("cmd.", "late.")),
            **{pool: Durable(work, (f"work.{pool}.",)) for pool in ("custom", "openai", "anthropic")},
        }

    @property
    def leaderless(self) -> bool:
        """While a leader is being elected nothing is appended to the log, and what consumers say is lost."""
        return asyncio.get_running_loop().time() < self.elected_at

    def store(self, subject: str, body: bytes, headers: dict[str, str]) -> tuple[str, int]:
        name = ROOTS[subject.split(".", 1)[0]]
        if name == "EVT" and self.leaderless:
            raise NoStreamResponseError
        seq = self.streams[name].append(subject, body, headers)
        self.wake(name)
        return name, seq

    def wake(self, name: str) -> None:
        for event in self.changed[name]:
            event.set()

    def hearers(self, subject: str) -> list[Listener]:
        """Return who hears a message: each plain listener, and of each queue one at random."""
        queues: dict[str, list[Listener]] = {}
        found = []
        for listener in self.listeners:
            if listener.process.alive and listener.matches(subject):
                if listener.queue:
                    queues.setdefault(listener.queue, []).append(listener)
                else:
                    found.append(listener)
        return found + [self.chance.random.choice(members) for members in queues.values()]
