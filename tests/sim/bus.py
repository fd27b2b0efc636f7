"""The bus of one simulated process: what `shared.bus.Bus` offers, over the simulated server, with faults."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from shared.bus import Ack
from shared.delivery import Delivery
from shared.pull import Handle, _Puller
from sim.chance import Chance
from sim.server import Durable, Listener, Server

MAX_PAYLOAD = 8 * 1024 * 1024
SOON_S = 0.001


class Process:
    """A process that may die at any operation; what it still awaits then never comes."""

    def __init__(self, name: str, chance: Chance) -> None:
        self.name = name
        self.alive = True
        self.died = asyncio.Event()
        self._chance = chance
        self._limbo: list[asyncio.Future[None]] = []

    async def point(self) -> None:
        """A place where a crash may strike; a dead process stays here for ever."""
        if self.alive and self._chance.strikes(self._chance.faults.crash):
            self.kill()
        if not self.alive:
            await self.gone()

    async def gone(self) -> NoReturn:
        """Never return; kept in memory, for what the garbage collector ends would run its last blocks."""
        self._limbo.append(asyncio.get_running_loop().create_future())
        await self._limbo[-1]
        raise AssertionError

    def kill(self) -> None:
        self.alive = False
        self.died.set()


class Said:
    """What a listener hears; the shape of `shared.bus.Heard`."""

    def __init__(
        self, process: Process, subject: str, body: bytes, headers: dict[str, str], reply: Any
    ) -> None:
        self.subject = subject
        self.body = body
        self.headers = headers
        self._process = process
        self._reply = reply

    async def answer(self, body: bytes) -> None:
        await self._process.point()
        if self._reply is not None:
            self._reply(body)


class Token:
    """How a delivery is acknowledged; the shape of a message of nats-py."""

    def __init__(self, bus: "SimBus", durable: Durable, seq: int, deliveries: int) -> None:
        self.is_acked = False
        self._bus = bus
        self._durable = durable
        self._seq = seq
        self._deliveries = deliveries

    async def ack(self) -> None:
        self.is_acked = True
        if await self._arrives():
            self._durable.held.pop(self._seq, None)

    async def nak(self, delay: float) -> None:
        self.is_acked = True
        if await self._arrives():
            self._come_in(delay)

    async def in_progress(self) -> None:
        if await self._arrives():
            self._come_in(self._bus.server.ack_wait_s)

    async def _arrives(self) -> bool:
        return await self._bus.passes() and not self._bus.server.leaderless

    def _come_in(self, seconds: float) -> None:
        held = self._durable.held.get(self._seq)
        if held is not None and held.deliveries == self._deliveries:
            held.due = asyncio.get_running_loop().time() + seconds
            self._bus.server.wake("WORK")
            self._bus.server.wake("CMD")


class _JetStream:
    """What is used of nats-py's JetStream context, and its client."""

    def __init__(self, bus: "SimBus") -> None:
        self._bus = bus

    def jetstream(self) -> "_JetStream":
        return self

    async def delete_msg(self, _stream: str, _seq: int) -> bool:
        return True

    async def get_last_msg(self, stream: str, subject: str, *, direct: bool) -> RawStreamMsg:
        assert direct
        if not await self._bus.passes():
            raise TimeoutError
        if not (found := self._bus.server.streams[stream].by_subject.get(subject)):
            raise NotFoundError
        return RawStreamMsg(data=found[-1].body)


class SimBus:
    """Every operation takes time, may be lost, and is a place to die at."""

    max_payload = MAX_PAYLOAD

    def __init__(self, server: Server, process: Process) -> None:
        self.server = server
        self.process = process
        self.client = _JetStream(self)
        self._chance = server.chance

    async def passes(self) -> bool:
        """Send something that nobody confirms; tell whether it arrives."""
        await self.process.point()
        await asyncio.sleep(self._chance.latency())
        await self.process.point()
        return not self._chance.strikes(self._chance.faults.lost)

    async def request(
        self, subject: str, body: bytes, *, timeout: float = 2.0, headers: dict[str, str] | None = None
    ) -> bytes | None:
        await self.process.point()
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def reply(said: bytes) -> None:
            if not answer.done() and not self._chance.strikes(self._chance.faults.lost):
                answer.set_result(said)

        self._spread(subject, body, headers or {}, reply)
        try:
            async with asyncio.timeout(timeout):
                said = await answer
        except TimeoutError:
            said = None
        await self.process.point()
        return said

    async def publish(
        self, subject: str, body: bytes, *, headers: dict[str, str] | None = None, timeout: float = 5.0
    ) -> Ack:
        await self.process.point()
        await asyncio.sleep(self._chance.latency())
        if self._chance.strikes(self._chance.faults.lost):
            await asyncio.sleep(timeout)
            await self.process.point()
            raise TimeoutError
        stream, seq = self.server.store(subject, body, headers or {})
        await self.process.point()
        if self._chance.strikes(self._chance.faults.lost_ack):
            await asyncio.sleep(timeout)
            raise TimeoutError
        return Ack(seq, False, stream)

    async def tell(self, subject: str, body: bytes, *, headers: dict[str, str] | None = None) -> None:
        await self.process.point()
        self._spread(subject, body, headers or {}, None)

    async def listen(
        self, subject: str, handle: Callable[[Any], Awaitable[None]], *, queue: str = ""
    ) -> None:
        async def hear(told: str, body: bytes, headers: dict[str, str], reply: Any) -> None:
            try:
                await handle(Said(self.process, told, body, headers, reply))
            except Exception:  # noqa: BLE001 - as `Bus.listen`: who asked asks again
                return

        self.server.listeners.append(Listener(self.process, subject, queue, hear))

    async def consume(self, stream: str, durable: str, handle: Handle, *, in_flight: int) -> None:
        """Deliver for ever, failures handled by the real pull loop's own rules."""
        puller = _Puller(self, stream, durable, handle, in_flight)  # type: ignore[arg-type]
        consumer, running = self.server.durables[durable], set[asyncio.Task[None]]()
        wake = asyncio.Event()
        self.server.changed[stream].append(wake)
        loop = asyncio.get_running_loop()
        while self.process.alive:
            wake.clear()
            while len(running) < in_flight and (got := consumer.take(loop.time(), self.server.ack_wait_s)):
                message, deliveries = got
                token = Token(self, consumer, message.seq, deliveries)
                delivery = Delivery(
                    message.subject,
                    message.body,
                    message.headers,
                    message.seq,
                    deliveries,
                    token,  # type: ignore[arg-type]
                )
                task = asyncio.create_task(puller._run_one(delivery))
                running.add(task)
                task.add_done_callback(running.discard)
                task.add_done_callback(lambda _task: wake.set())
            due = consumer.due() if len(running) < in_flight else None
            try:
                async with asyncio.timeout_at(None if due is None else max(due, loop.time() + SOON_S)):
                    await wake.wait()
            except TimeoutError:
                continue
        await self.process.gone()

    def on_reconnect(self, callback: Callable[[], Awaitable[None]]) -> None:
        """The simulated server is never away: what is lost is lost one by one."""

    def _spread(self, subject: str, body: bytes, headers: dict[str, str], reply: Any) -> None:
        for listener in self.server.hearers(subject):
            for _ in range(2 if self._chance.strikes(self._chance.faults.doubled) else 1):
                if not self._chance.strikes(self._chance.faults.lost):
                    asyncio.get_running_loop().call_later(
                        self._chance.latency(), _hear, listener, subject, body, headers, reply
                    )


_tasks: set[asyncio.Task[None]] = set()


def _hear(listener: Listener, subject: str, body: bytes, headers: dict[str, str], reply: Any) -> None:
    if listener.process.alive:
        task = asyncio.get_running_loop().create_task(listener.hear(subject, body, headers, reply))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)
