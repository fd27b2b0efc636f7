"""The pull loop: keeps a durable's messages coming, naks what failed, dead-letters what never works.

A pull request dies with its server, silently; idle heartbeats and the reconnect callback notice it. It brings
MOST_BYTES at most: NATS cuts off whoever it holds more than 64 MB for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shared.bus import Bus
from shared.counts import buried
from shared.delivery import Delivery, Poison
from shared.failures import Failures
from shared.hearing import hear
from shared.json import dumps
from shared.logs import get_logger
from shared.quiet import Quiet
from shared.subjects import dead_letter
from shared.within import set_within

EXPIRES_S = 30
HEARTBEAT_S = 1.0
SILENCE_S = 2.5
SAID_AGAIN_S = 10.0
TRIES = 5
MOST_BYTES = 16 * 1024 * 1024
FULL, COMPLETED = "Message Size Exceeds MaxBytes", "Batch Completed"
Handle = Callable[[Delivery], Awaitable[None]]


def never(_: Delivery) -> bool:
    return False


async def do_nothing(_: Delivery) -> None:
    pass


class Puller:
    """Hands over the messages of a durable, at most `in_flight` at once.

    What is handled when it ends has `grace_s` to end, what does not end comes again. An `in_flight` that
    changes is asked before each pull. A message for which `noted` is true is acked and not handled: most of
    what a consumer of the whole log gets is worth no task of its own. `given_up` is called with a message
    that failed TRIES times, before it becomes a dead letter; if that call fails, the message comes again. It
    is not called with poison.
    """

    def __init__(
        self,
        bus: Bus,
        stream: str,
        durable: str,
        handle: Handle,
        *,
        in_flight: int | Callable[[], int],
        grace_s: float = 0.0,
        noted: Callable[[Delivery], bool] = never,
        given_up: Handle = do_nothing,
    ) -> None:
        self._bus = bus
        self._stream = stream
        self._durable = durable
        self._handle = handle
        self._in_flight = in_flight if callable(in_flight) else lambda: in_flight
        self._grace_s = grace_s
        self._noted = noted
        self._given_up = given_up
        self._to_ack: list[Delivery] = []
        self._asked = 0
        self._running: set[asyncio.Task[None]] = set()
        self._failures = Failures()
        self._wake = asyncio.Event()
        self._heard = 0.0
        self._quiet = Quiet(SAID_AGAIN_S)

    async def run(self) -> None:
        """Pull until cancelled."""
        self._bus.on_reconnect(self._forget)
        inbox = self._bus.client.new_inbox()
        subscription = await hear(self._bus.client, inbox, self._receive)
        try:
            while True:
                await self._ask(inbox)
                self._wake.clear()
                woken = await set_within(self._wake, HEARTBEAT_S)
                if not woken and _now() - self._heard > SILENCE_S:
                    self._asked = 0
        finally:
            try:
                if not self._bus.client.is_closed:
                    await subscription.unsubscribe()
                if self._running:
                    await asyncio.wait(self._running, timeout=self._grace_s)
            finally:
                for task in self._running:
                    task.cancel()
                await asyncio.gather(*self._running, return_exceptions=True)

    async def _forget(self) -> None:
        """After a reconnect nobody has what was asked for."""
        self._asked = 0
        self._wake.set()

    def _wanted(self) -> int:
        """Return how many to ask for now: a few are worth no request while others are on their way."""
        in_flight = self._in_flight()
        free = in_flight - len(self._running) - self._asked
        return 0 if self._asked and free < max(1, in_flight // 2) else max(0, free)

    async def _ask(self, inbox: str) -> None:
        wanted = self._wanted()
        if not wanted or not self._bus.client.is_connected:
            return
        if not self._asked:
            self._heard = _now()
        self._asked += wanted
        request = {
            "batch": wanted,
            "max_bytes": MOST_BYTES,
            "expires": EXPIRES_S * 10**9,
            "idle_heartbeat": int(HEARTBEAT_S * 10**9),
        }
        await self._bus.client.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._durable}", dumps(request), reply=inbox
        )

    def _receive(self, message: Msg) -> None:
        """Take a message of the stream, or what NATS says of a pull, which alone wants no answer.

        A status proves nothing: whoever queues a message may have written one into its headers.
        """
        self._heard = _now()
        if message.reply:
            self._asked = max(0, self._asked - 1)
            self._take(Delivery.of(message))
        else:
            self._hear(message.headers or {})

    def _hear(self, headers: dict[str, str]) -> None:
        status = headers.get("Status")
        if status == "100":
            return
        left = headers.get("Nats-Pending-Messages")
        self._asked = max(0, self._asked - int(left)) if left else 0
        told = headers.get("Description")
        if status in ("404", "408") or told == FULL:
            self._wake.set()
        elif told != COMPLETED and self._quiet.is_over():
            get_logger().warning("pull refused", stream=self._stream, durable=self._durable, status=status)

    def _take(self, delivery: Delivery) -> None:
        if not self._noted(delivery):
            self._begin(self._run_one(delivery))
        elif self._to_ack:
            self._to_ack.append(delivery)
        else:
            self._to_ack = [delivery]
            self._begin(self._ack_noted())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if self._wanted():
            self._wake.set()

    async def _ack_noted(self) -> None:
        noted, self._to_ack = self._to_ack, []
        try:
            for delivery in noted:
                await delivery.ack()
        except (NatsError, TimeoutError) as outage:
            get_logger().warning("not acknowledged, they come again", reason=type(outage).__name__)

    async def _run_one(self, delivery: Delivery) -> None:
        try:
            await self._handle(delivery)
            self._failures.forget(delivery.seq)
        except Exception as error:  # noqa: BLE001 - it is delivered again, or dead-lettered
            await self._failed(delivery, error)

    async def _failed(self, delivery: Delivery, error: Exception) -> None:
        poison = error if isinstance(error, Poison) else None
        reason = str(poison) if poison else type(error).__name__
        try:
            if poison or self._failures.count(delivery.seq, error) >= TRIES:
                if not poison:
                    await self._given_up(delivery)
                letter = {"reason": reason, "stream": self._stream, "seq": delivery.seq}
                await self._bus.publish(dead_letter(self._durable), dumps(letter))
                buried(self._durable)
                if poison and poison.erase:
                    await self._bus.client.jetstream().delete_msg(self._stream, delivery.seq)
                await delivery.ack()
                self._failures.forget(delivery.seq)
                get_logger().error("dead letter", **letter)
            else:
                get_logger().warning(
                    "will be delivered again", stream=self._stream, seq=delivery.seq, exc_info=error
                )
                await delivery.nak(min(0.1 * 2 ** min(delivery.deliveries, 10), 30))
        except (NatsError, TimeoutError) as outage:
            get_logger().warning(
                "not acknowledged, it comes again", seq=delivery.seq, reason=type(outage).__name__
            )


def _now() -> float:
    return asyncio.get_running_loop().time()
