"""What is heard outside any stream: each message is handled by itself, a bounded number of them at once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from shared.failures import NATS_AWAY
from shared.logs import get_logger
from shared.quiet import Quiet
from shared.refusal import Refusal
from shared.room import no_room
from shared.waiting import Waiting, sender_of

AT_ONCE = 1_000
BEYOND = 2
MOST_WAITING_BYTES = 128 * 1024 * 1024
SAID_AGAIN_S = 10.0


@dataclass(slots=True)
class Heard:
    """A message outside any stream; one with a `reply` waits for an answer."""

    subject: str
    body: bytes
    headers: dict[str, str]
    _message: Msg

    async def answer(self, body: bytes) -> None:
        """Answer without the headers of what was asked, which `respond` sends back.

        In an answer they are our word: NATS would do what they say with the rights of this service.
        """
        if self._message.reply:
            self._message.headers = None
            await self._message.respond(body)


Handler = Callable[[Heard], Awaitable[None]]


class Listening:
    """One subscription and the handlers that run for it: so many at once, however long they take.

    A sender for whom none runs does not wait for those of others, up to `BEYOND` times as many.
    """

    subscription: Subscription

    def __init__(self, handle: Handler, at_once: int) -> None:
        self._handle = handle
        self._at_once = at_once
        self._waiting = Waiting()
        self._running: set[asyncio.Task[None]] = set()
        self._senders: Counter[str] = Counter()
        self._quiet = Quiet(SAID_AGAIN_S)

    def hear(self, message: Msg) -> None:
        """Begin with a message; the next ones wait here while too many are handled, in bounds."""
        if self._has_room(sender_of(message)):
            self._begin(message)
            return
        self._waiting.put(message)
        while self._waiting.bytes > MOST_WAITING_BYTES:
            self._waiting.drop()
            if self._quiet.is_over():
                noun = message.subject.split(".", 1)[0]
                get_logger().error("too many messages wait, some are dropped", noun=noun)

    def _has_room(self, sender: str) -> bool:
        running = len(self._running)
        return running < self._at_once or (running < self._at_once * BEYOND and sender not in self._senders)

    def _begin(self, message: Msg) -> None:
        task = asyncio.create_task(self._run(message))
        sender = sender_of(message)
        self._running.add(task)
        self._senders[sender] += 1
        task.add_done_callback(lambda done: self._done(done, sender))

    async def unsubscribe(self) -> None:
        await self.subscription.unsubscribe()

    async def finish(self, seconds: float) -> None:
        """Hear no more, and give what was heard some time to be answered."""
        with suppress(TimeoutError, NatsError):
            async with asyncio.timeout(seconds):
                await self.subscription.drain()  # type: ignore[no-untyped-call]
                while self._running:
                    await asyncio.wait(self._running)

    async def cancel(self) -> None:
        self._waiting.clear()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _done(self, task: asyncio.Task[None], sender: str) -> None:
        self._running.discard(task)
        self._senders[sender] -= 1
        if not self._senders[sender]:
            del self._senders[sender]
        if self._waiting and len(self._running) < self._at_once:
            self._begin(self._waiting.take())
        elif sender in self._waiting and self._has_room(sender):
            self._begin(self._waiting.take(sender))

    async def _run(self, message: Msg) -> None:
        heard = Heard(message.subject, message.data, message.headers or {}, message)
        try:
            await self._handle(heard)
        except Exception as error:  # noqa: BLE001 - whoever asked gets no answer and asks again
            noun = message.subject.split(".", 1)[0]
            if isinstance(error, Refusal) and error.code == "unavailable":
                get_logger().warning("not now", noun=noun, reason=error.message)
            elif isinstance(error, NATS_AWAY):
                get_logger().warning("not now", noun=noun, reason=type(error).__name__)
            elif not no_room(error):
                get_logger().exception("no answer was given", noun=noun)
