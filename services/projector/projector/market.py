"""Releases, opportunities and coverage as rows: each event is its record whole."""

from collections.abc import Iterator
from typing import Any

from projector.changes import Alter, Change, Ensure, Row
from projector.namekeys import key, keys
from shared.events import AnyEvent
from shared.log import Recorded
from shared.record_events import CoverageImported, NameGiven, OpportunityImported, ReleasePlanned
from shared.subjects import Aggregate


def whole_changes(table: str, aggregate: Aggregate, recorded: Recorded) -> Iterator[Change]:
    """Tell what changes in `releases`, `opportunities` or `coverage`."""
    row = Row(table, aggregate.uuid, aggregate.user)
    for event in recorded.commit.events:
        if table == "releases" and isinstance(event, NameGiven):
            continue
        of_table, values = _row(event)
        if of_table != table:
            raise ValueError(f"{event.type} is no event of {table}")
        yield Ensure(row, {"user_id": aggregate.user, **values})
        yield Alter(row, values)


def _row(event: AnyEvent) -> tuple[str | None, dict[str, Any]]:
    match event:
        case ReleasePlanned():
            return "releases", {
                "artist_id": event.artist_id,
                "title": event.title,
                "type": event.kind,
                "date": event.date,
                "links": list(event.links),
                "isrc": event.isrc,
            }
        case OpportunityImported():
            return "opportunities", {
                "title": event.title,
                "kind": event.kind,
                "url": event.url,
                "opens": event.opens,
                "deadline": event.deadline,
                "cost": event.cost,
                "currency": event.currency,
                "genres": list(event.genres),
                "regions": list(event.regions),
                "genre_keys": keys(event.genres),
                "region_keys": keys(event.regions),
                "rules": event.rules,
                "source": event.source,
            }
        case CoverageImported():
            return "coverage", {
                "artist": event.artist,
                "artist_key": key(event.artist),
                "outlet": event.outlet,
                "kind": event.kind,
                "date": event.date,
                "url": event.url,
                "title": event.title,
                "genres": list(event.genres),
                "genre_keys": keys(event.genres),
            }
        case _:
            return None, {}
