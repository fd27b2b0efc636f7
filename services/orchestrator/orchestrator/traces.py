"""Sends the spans of what has ended over OTLP; the durable `traces` remembers what was not taken."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from orchestrator.seen import Seen
from orchestrator.spans import spans_of
from shared import telemetry, trace_ids
from shared.bus import Bus
from shared.clock import utc_now
from shared.delivery import Delivery
from shared.jetstream_log import ENDS, NOTHING
from shared.log import Log, Past
from shared.logs import get_logger
from shared.parts import parts
from shared.pull import Puller
from shared.quiet import Quiet
from shared.span import Span
from shared.subjects import Aggregate

Send = Callable[[Sequence[Span]], bool]
TOGETHER_S = 0.5
IN_FLIGHT = 512
MOST_SPANS = 1_000
PASTS = 3
LAGGING_S = 0.2
SHORTEST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
REPORT_EVERY_S = 60.0
OLDEST = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Ended:
    """Spans that wait to be sent; `taken` says whether the receiver has them."""

    spans: list[Span]
    taken: asyncio.Future[bool]


class TraceExporter:
    """Exports a commit's spans and acks when they were taken; `send` blocks and says whether they were."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._seen = Seen()
        self.appended = self._seen.keep
        self._waiting: list[_Ended] = []
        self._some = asyncio.Event()
        self._reading = asyncio.Semaphore(PASTS)
        self._quiet = Quiet(REPORT_EVERY_S)

    @classmethod
    def from_env(cls) -> Self | None:
        """Return the exporter to the OTLP endpoint; None where none is set, and then nothing is to be run."""
        if telemetry.endpoint() is None:
            return None
        from shared.span_export import sender

        return cls(sender(telemetry.resource("orchestrator"), "totalaud.log"))

    async def run(self, bus: Bus, log: Log) -> None:
        """Consume until cancelled."""

        async def handle(delivery: Delivery) -> None:
            await self._handle(delivery, log)

        async with asyncio.TaskGroup() as loops:
            loops.create_task(self._export())
            loops.create_task(
                Puller(bus, "EVT", "traces", handle, in_flight=IN_FLIGHT, noted=self._noted).run()
            )

    def _noted(self, delivery: Delivery) -> bool:
        """Pass over what ends nothing; where an older release did not say whether, the log tells."""
        return delivery.headers.get(ENDS) == NOTHING

    async def _handle(self, delivery: Delivery, log: Log) -> None:
        """Pass over what is old news: without a receiver the durable may have gathered a year of it."""
        if delivery.age(utc_now()) > OLDEST:
            await delivery.ack()
            return
        aggregate = Aggregate.parse(delivery.subject)
        spans = await self._ended(aggregate, delivery.seq, log)
        if spans is None:
            await delivery.nak(LAGGING_S)
            return
        if not spans or await self._taken(spans):
            await delivery.ack()
            return
        if self._quiet.is_over():
            get_logger().warning("the trace receiver takes no spans, they are sent again later")
        await delivery.nak(min(SHORTEST_WAIT_S * 2 ** min(delivery.deliveries - 1, 10), LONGEST_WAIT_S))

    async def _ended(self, aggregate: Aggregate, seq: int, log: Log) -> list[Span] | None:
        """Return the spans that end with a commit, None where the log is not that far.

        Few pasts are held at a time: each of a session's many ends asks for the whole of it.
        """
        if past := self._seen.whole(aggregate, seq):
            return _of_commit(aggregate, past, seq)
        async with self._reading:
            return _of_commit(aggregate, await log.load(aggregate), seq)

    async def _taken(self, spans: list[Span]) -> bool:
        ended = _Ended(spans, asyncio.get_running_loop().create_future())
        self._waiting.append(ended)
        self._some.set()
        return await ended.taken

    async def _export(self) -> None:
        """Send together what has ended within a moment: a request for each costs more than all else.

        What has gathered while the receiver was away is cut: it takes requests of so many bytes only.
        """
        while True:
            await self._some.wait()
            await asyncio.sleep(TOGETHER_S)
            self._some.clear()
            waiting, self._waiting = self._waiting, []
            for several in parts(waiting, lambda ended: len(ended.spans), most=MOST_SPANS):
                await self._send_all(several)

    async def _send_all(self, waiting: list[_Ended]) -> None:
        """Send all at once; after an error one by one, so that it is told of the commit that caused it."""
        try:
            taken = await asyncio.to_thread(self._send, [span for ended in waiting for span in ended.spans])
        except Exception as error:  # noqa: BLE001 - raised where its commit is handled, and dead-lettered there
            if len(waiting) > 1:
                for ended in waiting:
                    await self._send_all([ended])
            elif not waiting[0].taken.done():
                waiting[0].taken.set_exception(error)
            return
        for ended in waiting:
            if not ended.taken.done():
                ended.taken.set_result(taken)


def _of_commit(aggregate: Aggregate, past: Past, seq: int) -> list[Span] | None:
    if past.seq < seq:
        return None
    own = telemetry.session_span(aggregate, past.recorded[0].commit.traceparent)
    if not trace_ids.of_own(own).sampled:
        return []
    return [span for span in spans_of(aggregate, past) if span.seq == seq]
