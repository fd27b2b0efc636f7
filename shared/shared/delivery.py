"""One message of a stream, as a consumer holds it."""

from datetime import datetime, timedelta

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg

WITHOUT_DOMAIN = 9


class Poison(Exception):  # noqa: N818 - a verdict on the message
    """The message can never be handled: to the dead letters at once. The reason holds no value of it.

    With `erase` it is erased from its stream then: it may be personal.
    """

    def __init__(self, reason: str, *, erase: bool = False) -> None:
        super().__init__(reason)
        self.erase = erase


class Delivery(msgspec.Struct, frozen=True):
    """`seq` is its sequence in the stream, `deliveries` counts this one too.

    Only the server process that delivered it is told how it ended: after a crash another one may have lost
    the message and given its number to the next, and what was not acknowledged is delivered again.
    """

    subject: str
    body: bytes
    headers: dict[str, str]
    seq: int
    deliveries: int
    _message: Msg
    _server: str

    @classmethod
    def of(cls, message: Msg) -> "Delivery":
        told = message.reply.split(".")
        deliveries, seq, *_ = told[4:] if len(told) == WITHOUT_DOMAIN else told[6:]
        return cls(
            message.subject,
            message.data,
            message.headers or {},
            int(seq),
            int(deliveries),
            message,
            server_of(message._client),  # noqa: SLF001
        )

    def age(self, now: datetime) -> timedelta:
        """Return how long it has been in the stream."""
        stored: datetime = self._message.metadata.timestamp
        return now - stored

    async def ack(self) -> None:
        """Done; the server may forget it for this consumer."""
        if self._is_awaited():
            await self._message.ack()

    async def nak(self, delay: float) -> None:
        """Not now: deliver again in `delay` seconds."""
        if self._is_awaited():
            await self._message.nak(delay=delay)

    async def working(self) -> None:
        """Still at it: the ack wait starts again."""
        if not self._message.is_acked:
            await self._message.in_progress()

    def _is_awaited(self) -> bool:
        client = self._message._client  # noqa: SLF001
        return not self._message.is_acked and client.is_connected and server_of(client) == self._server


def server_of(client: Client) -> str:
    """Name the server process that the connection was last to; nats-py shows it nowhere else."""
    return str(client._server_info.get("server_id"))  # noqa: SLF001
