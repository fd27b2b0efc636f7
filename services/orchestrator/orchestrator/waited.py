"""The alarm for commands that wait in the queue: it forgets them after some days."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from shared.clock import Clock, utc_now
from shared.delivery import Delivery
from shared.logs import get_logger
from shared.quiet import Quiet
from shared.streams import QUEUED_DAYS

LONG = timedelta(days=1)
EVERY_S = 60.0


class Waited:
    """Says, at most once a minute, that what comes or comes again has waited for longer than a day."""

    def __init__(self, handle: Callable[[Delivery], Awaitable[None]], clock: Clock = utc_now) -> None:
        self._handle = handle
        self._clock = clock
        self._quiet = Quiet(EVERY_S)

    async def handle(self, delivery: Delivery) -> None:
        waited = delivery.age(self._clock())
        if waited > LONG and self._quiet.is_over():
            get_logger().error(
                "a queued command has waited for long",
                seq=delivery.seq,
                hours=round(waited / timedelta(hours=1)),
                lost_after_hours=QUEUED_DAYS * 24,
            )
        await self._handle(delivery)
