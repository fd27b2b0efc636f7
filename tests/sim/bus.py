"""The bus of one simulated process: what `shared.bus.Bus` offers, over the simulated server, with faults."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from nats.js.api import (
    ClusterInfo,
    ConsumerConfig,
    ConsumerInfo,
    PeerInfo,
    RawStreamMsg,
    SequenceInfo,
    StreamConfig,
    StreamInfo,
    StreamState,
)
from nats.js.errors import NotFoundError

from shared.bus import Ack
from shared.pull import Handle
from sim.loop import VirtualLoop
from sim.process import Process
from sim.pull import Pull
from sim.server import Listener, Server

MAX_PAYLOAD = 8 * 1024 * 1024
EPOCH = datetime.fromtimestamp(0, UTC)


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


class _JetStream:
    """What is used of nats-py's JetStream context, and its client."""

    def __init__(self, bus: "SimBus") -> None:
        self._bus = bus

    def jetstream(self, **_: float) -> "_JetStream":
        return self

    async def stream_info(self, stream: str, *, subjects_filter: str | None = None) -> StreamInfo:
        """Tell how much there is of one subject, as the stream's leader does."""
        if not await self._bus.passes():
            raise TimeoutError
        found = self._bus.server.streams[stream].by_subject.get(subjects_filter or "")
        subjects = {str(subjects_filter): len(found)} if found else None
        return StreamInfo(StreamConfig(stream), StreamState(0, 0, 0, 0, 0, subjects=subjects))

    async def delete_msg(self, _stream: str, _seq: int) -> bool:
        return True

    async def consumer_info(self, stream: str, durable: str) -> ConsumerInfo:
        if not await self._bus.passes():
            raise TimeoutError
        found = self._bus.server.durables[durable]
        floor = SequenceInfo(0, found.floor)
        others = [PeerInfo(name) for name in ("nats-2", "nats-3")] if self._bus.server.is_cluster else None
        return ConsumerInfo(
            durable,
            stream,
            ConsumerConfig(),
            EPOCH,
            ack_floor=floor,
            num_pending=found.left,
            cluster=ClusterInfo("nats-1", replicas=others),
        )

    async def get_last_msg(self, stream: str, subject: str, *, direct: bool) -> RawStreamMsg:
        assert direct
        if not await self._bus.passes():
            raise TimeoutError
        upto = self._bus._loop.time() - self._bus.server.chance.behind()
        of_subject = self._bus.server.streams[stream].by_subject.get(subject, [])
        if not (found := [one for one in of_subject if one.at <= upto]):
            raise NotFoundError
        return RawStreamMsg(data=found[-1].body)


class SimBus:
    """Every operation takes time, may be lost, and is a place to die at."""

    max_payload = MAX_PAYLOAD

    def __init__(self, server: Server, process: Process) -> None:
        self.server = server
        self.process = process
        self._chance = server.chance
        self._loop: VirtualLoop = asyncio.get_running_loop()  # type: ignore[assignment]

    @property
    def client(self) -> _JetStream:
        return _JetStream(self)

    async def passes(self) -> bool:
        """Send something that nobody confirms; tell whether it arrives."""
        process = self.process
        if process.falls:
            await process.gone()
        await self._loop.pause(self._chance.latency())
        if process.falls:
            await process.gone()
        return not self._chance.strikes("lost")

    async def request(
        self, subject: str, body: bytes, *, timeout: float = 2.0, headers: dict[str, str] | None = None
    ) -> bytes | None:
        await self.process.point()
        answer: asyncio.Future[bytes | None] = self._loop.create_future()

        def reply(said: bytes) -> None:
            if not answer.done() and not self._chance.strikes("lost"):
                answer.set_result(said)

        self._spread(subject, body, headers or {}, reply)
        alarm = self._loop.call_later(timeout, lambda: answer.done() or answer.set_result(None))
        said = await answer
        alarm.cancel()
        await self.process.point()
        return said

    async def publish(
        self, subject: str, body: bytes, *, headers: dict[str, str] | None = None, timeout: float = 5.0
    ) -> Ack:
        process = self.process
        if process.falls:
            await process.gone()
        await self._loop.pause(self._chance.latency())
        if self._chance.strikes("lost"):
            await self._loop.pause(timeout)
            await process.point()
            raise TimeoutError
        stream, seq = self.server.store(subject, body, headers or {})
        if process.falls:
            await process.gone()
        if self._chance.strikes("lost_ack"):
            await self._loop.pause(timeout)
            raise TimeoutError
        return Ack(seq, False, stream)

    async def tell(self, subject: str, body: bytes) -> None:
        await self.process.point()
        self._spread(subject, body, {}, None)

    async def listen(
        self, subject: str, handle: Callable[[Any], Awaitable[None]], *, queue: str = ""
    ) -> None:
        async def hear(told: str, body: bytes, headers: dict[str, str], reply: Any) -> None:
            try:
                await handle(Said(self.process, told, body, headers, reply))
            except Exception:  # noqa: BLE001 - as `Bus.listen`: who asked asks again
                return

        self.server.listen(self.process, subject, queue, hear)

    def consume(self, stream: str, durable: str, handle: Handle, *, in_flight: int) -> None:
        """Take messages from now on."""
        consumer = self.server.durables[durable]
        consumer.pulls.append(Pull(self, stream, durable, handle, in_flight))
        consumer.pump()

    def on_reconnect(self, callback: Callable[[], Awaitable[None]]) -> None:
        self.server.reconnects(self.process, callback)

    def _spread(self, subject: str, body: bytes, headers: dict[str, str], reply: Any) -> None:
        for listener in self.server.hearers(subject):
            for _ in range(2 if self._chance.strikes("doubled") else 1):
                if not self._chance.strikes("lost"):
                    self._loop.call_later(
                        self._chance.latency(), self._hear, listener, subject, body, headers, reply
                    )

    def _hear(
        self, listener: Listener, subject: str, body: bytes, headers: dict[str, str], reply: Any
    ) -> None:
        if listener.process.alive:
            self._loop.create_task(listener.hear(subject, body, headers, reply))
