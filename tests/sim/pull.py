"""How messages of a durable come to a process, and how it acknowledges them."""

import asyncio
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from shared.delivery import Delivery, server_of
from shared.pull import Handle, Puller
from sim.streams import Durable, Stored

if TYPE_CHECKING:
    from sim.bus import SimBus


class Token:
    """How a delivery is acknowledged; the shape of a message of nats-py."""

    def __init__(self, bus: "SimBus", durable: Durable, seq: int, deliveries: int) -> None:
        self.is_acked = False
        self._client = bus.server
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
            self._durable.pump()


class Pull:
    """A process takes what a durable has, so much at a time; the real pull loop says what a failure means."""

    def __init__(self, bus: "SimBus", stream: str, durable: str, handle: Handle, in_flight: int) -> None:
        self.process = bus.process
        self._bus = bus
        self._durable = bus.server.durables[durable]
        real: Any = bus
        self._puller = Puller(real, stream, durable, handle, in_flight=in_flight)
        self._in_flight = in_flight
        self._running: set[asyncio.Task[None]] = set()
        self._context = copy_context()

    @property
    def has_room(self) -> bool:
        return self.process.alive and len(self._running) < self._in_flight

    def give(self, message: Stored, deliveries: int) -> None:
        token: Any = Token(self._bus, self._durable, message.seq, deliveries)
        server = server_of(token._client)
        delivery = Delivery(
            message.subject, message.body, message.headers, message.seq, deliveries, token, server
        )
        running = asyncio.get_running_loop().create_task(
            self._puller._run_one(delivery), context=self._context.copy()
        )
        self._running.add(running)
        running.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._durable.pump()
