"""NATS as our code uses it: streams, durables, subjects, and elections of a leader."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from msgspec import Struct
from nats.js.errors import NoStreamResponseError

from sim.chance import Chance
from sim.process import Process
from sim.streams import Durable, Stream

Hear = Callable[[str, bytes, dict[str, str], Callable[[bytes], None] | None], Awaitable[None]]
Reconnected = Callable[[], Awaitable[None]]
ROOTS = {"evt": "EVT", "cmd": "CMD", "late": "CMD", "work": "WORK", "dlq": "DLQ"}


class Listener(Struct, eq=False):
    """A subscription of one process; of those with the same queue one hears each message."""

    process: Process
    queue: str
    hear: Hear


@dataclass
class Listeners:
    """All who listen to the same subject, which may have wildcards."""

    subject: re.Pattern[str]
    all: list[Listener] = field(default_factory=list)


class Server:
    """One NATS; it never loses what it has acknowledged, but for the end of WORK, which is written behind.

    A cluster loses nothing of that either, but has copies of the log that may be behind (`Faults.behind`).
    `lost` counts that, `ahead` tells whether a consumer passes over what comes after it. For who
    acknowledges, it has the shape of nats-py's client.
    """

    is_connected = True

    def __init__(self, chance: Chance, ack_wait_s: float) -> None:
        self.chance = chance
        self.ack_wait_s = ack_wait_s
        self.streams = {name: Stream() for name in set(ROOTS.values())}
        self._listeners: dict[str, dict[str, Listeners]] = {}
        self.elected_at = 0.0
        self.lost = 0
        self.ahead = False
        self.is_cluster = False
        self.starts = 1
        self._reconnecting: list[tuple[Process, Reconnected]] = []
        cmd, work = self.streams["CMD"], self.streams["WORK"]
        self.durables = {
            "orchestrator": Durable(cmd, ("cmd.", "late."), ack_wait_s, chance),
            **{
                pool: Durable(work, (f"work.{pool}.",), ack_wait_s, chance)
                for pool in ("custom", "openai", "anthropic")
            },
        }
        self._readers: dict[str, list[Durable]] = {
            name: [durable for durable in self.durables.values() if durable.stream is stream]
            for name, stream in self.streams.items()
        }

    @property
    def leaderless(self) -> bool:
        """While a leader is being elected nothing is appended to the log, and what consumers say is lost."""
        return asyncio.get_running_loop().time() < self.elected_at

    @property
    def _server_info(self) -> dict[str, str]:
        return {"server_id": str(self.starts)}

    def restart(self, lost: int) -> None:
        """Be killed and be there again, without so many of the last messages that are work."""
        self.starts += 1
        lost = 0 if self.is_cluster else lost
        self.lost += self.streams["WORK"].lose(lost)
        for durable in self._readers["WORK"]:
            self.ahead |= durable.set_back()
        for process, reconnected in self._reconnecting:
            if process.alive:
                asyncio.get_running_loop().create_task(reconnected())

    def backup(self) -> Callable[[], None]:
        """Return what puts streams and consumers back to how they are now, once nobody takes from them."""
        lengths = {name: len(stream.messages) for name, stream in self.streams.items()}
        consumers = [durable.backup() for durable in self.durables.values()]

        def put_back() -> None:
            for name, stream in self.streams.items():
                stream.lose(len(stream.messages) - lengths[name])
            for consumer in consumers:
                consumer()

        return put_back

    def reconnects(self, process: Process, reconnected: Reconnected) -> None:
        self._reconnecting.append((process, reconnected))

    def store(self, subject: str, body: bytes, headers: dict[str, str]) -> tuple[str, int]:
        name = ROOTS[_root(subject)]
        if name == "EVT" and self.leaderless:
            raise NoStreamResponseError
        seq = self.streams[name].append(subject, body, headers, asyncio.get_running_loop().time())
        for durable in self._readers[name]:
            if subject.startswith(durable.filters):
                durable.pump()
        return name, seq

    def listen(self, process: Process, subject: str, queue: str, hear: Hear) -> None:
        alike = self._listeners.setdefault(_root(subject), {})
        if subject not in alike:
            pattern = re.compile(subject.replace(".", r"\.").replace("*", "[^.]+"))
            alike[subject] = Listeners(pattern)
        alike[subject].all.append(Listener(process, queue, hear))

    def hearers(self, subject: str) -> list[Listener]:
        """Return who hears a message: each plain listener, and of each queue one at random."""
        queues: dict[str, list[Listener]] = {}
        found = []
        for listeners in self._listeners.get(_root(subject), {}).values():
            if listeners.subject.fullmatch(subject) is None:
                continue
            for listener in listeners.all:
                if not listener.process.alive:
                    continue
                if listener.queue:
                    queues.setdefault(listener.queue, []).append(listener)
                else:
                    found.append(listener)
        return found + [self.chance.random.choice(members) for members in queues.values()]

    def bury(self, process: Process) -> None:
        """Speak to a dead process no more."""
        for alike in self._listeners.values():
            for listeners in alike.values():
                listeners.all[:] = [one for one in listeners.all if one.process is not process]
        for durable in self.durables.values():
            durable.pulls[:] = [one for one in durable.pulls if one.process is not process]
        self._reconnecting = [one for one in self._reconnecting if one[0] is not process]

    def close(self) -> None:
        """Let go of all processes."""
        self._listeners.clear()
        self._reconnecting.clear()
        for durable in self.durables.values():
            durable.close()


def _root(subject: str) -> str:
    return subject.partition(".")[0]
