"""Answers to what a connection asks: one inbox and one subscription for all, told apart by a number."""

import asyncio
from collections.abc import Callable
from itertools import count

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout
from nats.protocol.parser import AWAITING_MSG_PAYLOAD

from shared.hearing import Hear, hear

NOBODY = "503"
SLOWEST = 100_000
LARGE = 65_536
LOOK_S = 1.0
MANY_AT_ONCE = 3


def sending_s(body: bytes) -> float:
    """Return how many seconds a slow link may need for a message: what it answers to cannot come before.

    Whoever gives up earlier and sends it again puts the link further behind each time.
    """
    return len(body) / SLOWEST


class Replies:
    """Half of what nats-py's own `request` costs: no random bytes, no task and no subscription for each.

    Nothing is late while a large message is coming in: over a slow link that is the answer, or before it.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._inbox = client.new_inbox()
        self._subscribed = False
        self._numbers = count(1)
        self._waiting: dict[str, Hear] = {}
        self._many = asyncio.Semaphore(MANY_AT_ONCE)

    async def one(
        self,
        subject: str,
        body: bytes,
        *,
        timeout: float,
        headers: dict[str, str] | None = None,
        again_s: float | None = None,
    ) -> Msg:
        """Return the answer; raises TimeoutError, and NoRespondersError where nobody listens.

        It may be asked `again` after so many seconds without one; whichever is answered first counts.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Msg] = loop.create_future()
        reply = await self._expect(lambda message: _done(answer, message))
        timer = loop.call_later(timeout, self._look, answer, 0)
        try:
            await self._client.publish(subject, body, reply, headers)
            while again_s and not (await asyncio.wait((answer,), timeout=again_s))[0]:
                if not self._coming_in():
                    await self._client.publish(subject, body, reply, headers)
            message = await answer
        finally:
            timer.cancel()
            del self._waiting[reply]
        if message.headers and message.headers.get("Status") == NOBODY:
            raise NoRespondersError
        return message

    async def many(
        self, subject: str, body: bytes, *, is_last: Callable[[Msg], bool], silence: float
    ) -> list[Msg]:
        """Return all answers up to the last; raises TimeoutError after so many seconds without any.

        A few questions of this kind are asked at a time, the next ones wait: each may be answered with some
        10 MB, and NATS cuts off whoever it holds more than 64 MB for.
        """
        async with self._many:
            return await self._all(subject, body, is_last, silence)

    async def _all(
        self, subject: str, body: bytes, is_last: Callable[[Msg], bool], silence: float
    ) -> list[Msg]:
        loop = asyncio.get_running_loop()
        answers: list[Msg] = []
        ended: asyncio.Future[Msg] = loop.create_future()

        def one_more(message: Msg) -> None:
            answers.append(message)
            if is_last(message):
                _done(ended, message)

        reply = await self._expect(one_more)
        try:
            await self._client.publish(subject, body, reply)
            heard = (-1, 0)
            while not ended.done():
                if heard == (heard := (len(answers), self._coming_in())):
                    raise NatsTimeout
                await asyncio.wait((ended,), timeout=silence)
        finally:
            del self._waiting[reply]
        return answers

    async def _expect(self, heard: Hear) -> str:
        if not self._subscribed:
            self._subscribed = True
            await hear(self._client, f"{self._inbox}.*", self._hear)
        reply = f"{self._inbox}.{next(self._numbers)}"
        self._waiting[reply] = heard
        return reply

    def _coming_in(self) -> int:
        """Return how many bytes there are of a large message that is not all here yet."""
        parser = self._client._ps  # noqa: SLF001 - there is no other door
        return len(parser.buf) if parser.state == AWAITING_MSG_PAYLOAD and parser.needed > LARGE else 0

    def _look(self, answer: asyncio.Future[Msg], before: int) -> None:
        if answer.done():
            return
        here = self._coming_in()
        if here in (0, before):
            answer.set_exception(NatsTimeout())
        else:
            asyncio.get_running_loop().call_later(LOOK_S, self._look, answer, here)

    def _hear(self, message: Msg) -> None:
        heard = self._waiting.get(message.subject)
        if heard is not None:
            heard(message)


def _done(answer: asyncio.Future[Msg], message: Msg) -> None:
    if not answer.done():
        answer.set_result(message)
