"""Hearing a subject at once: nats-py puts a queue, a task and a turn of the loop before each message."""

import asyncio
from collections.abc import Callable

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from shared.logs import get_logger

Hear = Callable[[Msg], None]


async def hear(client: Client, subject: str, handle: Hear, *, queue: str = "") -> Subscription:
    """Have each message handled as it is read from the connection; what `handle` raises is logged."""
    subscription = await client.subscribe(subject, queue=queue)
    came_before, subscription._pending_queue = subscription._pending_queue, _NoQueue(subscription, handle)  # noqa: SLF001 - there is no other door
    while not came_before.empty():
        subscription._pending_queue.put_nowait(came_before.get_nowait())  # noqa: SLF001
    return subscription


class _NoQueue(asyncio.Queue[Msg]):
    """Stands where a subscription has its queue, and holds nothing."""

    def __init__(self, subscription: Subscription, handle: Hear) -> None:
        super().__init__()
        self._subscription = subscription
        self._handle = handle

    def put_nowait(self, item: Msg) -> None:
        self._subscription._pending_size -= len(item.data)  # noqa: SLF001
        try:
            self._handle(item)
        except Exception:  # noqa: BLE001 - it would end the connection's reading
            get_logger().exception("a message was not handled", noun=item.subject.split(".", 1)[0])
