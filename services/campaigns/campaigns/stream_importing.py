"""Imports days of an artist's metrics: what differs from the last value of its day is news."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from campaigns import values
from campaigns.artists import Artist, is_news
from campaigns.cells import Cells, Fault
from campaigns.columns import METRICS, STREAMS
from campaigns.finding import find
from campaigns.history import Histories
from campaigns.imports import Imported, ImportStreams
from campaigns.reading import Done, read
from shared.parts import parts
from shared.record_events import MetricDay, MetricsImported

MOST_VALUES = 10_000
DIFFERENT = Fault("date", "another row has other values for this day: give one row for each day")


class Day(NamedTuple):
    """One row: the values of a day that are given."""

    day: date
    metrics: tuple[MetricDay, ...]


@dataclass(frozen=True, slots=True)
class StreamImporting:
    """The handler of `streams.import`."""

    artists: Histories[Artist, Any]

    async def handle(self, user: UUID, request: ImportStreams, cause: str) -> Imported:
        """Import what is good and new; the artist must be there."""
        batch = await asyncio.to_thread(read, request, STREAMS, partial(streams, now=datetime.now(UTC)))
        artist_id, known = await find(self.artists, user, user, request.artist)
        agreed = batch.unanimous(batch.lines, lambda row: row.day, DIFFERENT)
        lines = batch.once(agreed, lambda row: row.day)
        news = [line for line in lines if any(is_news(one, known.state) for one in line.row.metrics)]
        done = [Done(known.seq, happened=False)] * (len(lines) - len(news))
        if request.dry_run:
            done += [Done(known.seq, happened=True) for _ in news]
        else:
            for part in parts(news, lambda line: len(line.row.metrics), most=MOST_VALUES):
                days = tuple(one for line in part for one in line.row.metrics)
                recorded = await self.artists.record(user, artist_id, MetricsImported(days=days), cause)
                new = {one.day for event in recorded.events for one in event.days}
                done += [Done(recorded.seq, line.row.day in new) for line in part]
        return batch.report(done, dry_run=request.dry_run)


def streams(given: dict[str, Any], *, now: datetime) -> Day | list[Fault]:
    """Check one row; no day may lie after `now`."""
    cells = Cells(given, STREAMS.known)
    cells.need("date")
    day = cells.read("date", lambda text: values.past_day(values.day(text), now))
    metrics = {metric: cells.count(metric) for metric in METRICS}
    if not cells.faults and all(value is None for value in metrics.values()):
        cells.fault(None, "has no value")
    if cells.faults or day is None:
        return cells.faults
    given_ones = ((metric, value) for metric, value in metrics.items() if value is not None)
    return Day(
        day, tuple(MetricDay(metric=metric, day=day, value=float(value)) for metric, value in given_ones)
    )
