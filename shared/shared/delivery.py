"""One message of a stream, as a consumer holds it."""

from datetime import datetime, timedelta

import msgspec
from nats.aio.msg import Msg

WITHOUT_DOMAIN = 9


class Poison(Exception):  # noqa: N818 - a verdict on the message
    """The message can never be handled: to the dead letters at once. The reason holds no value of it."""


class Delivery(msgspec.Struct, frozen=True):
    """`seq` is its sequence in the stream, `deliveries` counts this one too."""

    subject: str
    body: bytes
    headers: dict[str, str]
    seq: int
    deliveries: int
    _message: Msg

    @classmethod
    def of(cls, message: Msg) -> "Delivery":
        told = message.reply.split(".")
        deliveries, seq, *_ = told[4:] if len(told) == WITHOUT_DOMAIN else told[6:]
        return cls(message.subject, message.data, message.headers or {}, int(seq), int(deliveries), message)

    def age(self, now: datetime) -> timedelta:
        """Return how long it has been in the stream."""
        stored: datetime = self._message.metadata.timestamp
        return now - stored

    async def ack(self) -> None:
        """Done; the server may forget it for this consumer."""
        if not self._message.is_acked:
            await self._message.ack()

    async def nak(self, delay: float) -> None:
        """Not now: deliver again in `delay` seconds."""
        if not self._message.is_acked:
            await self._message.nak(delay=delay)

    async def working(self) -> None:
        """Still at it: the ack wait starts again."""
        if not self._message.is_acked:
            await self._message.in_progress()
