"""Artists as rows, with their facts and the days of their metrics."""

from collections.abc import Iterator
from typing import Any

from projector.changes import Alter, Change, Ensure, Remove, Row
from projector.namekeys import keys
from projector.row_ids import metric_day_id
from shared.log import Recorded
from shared.record_events import ArtistSet, FactAdded, FactRemoved, MetricsImported, NameGiven
from shared.subjects import Aggregate


def artist_changes(aggregate: Aggregate, recorded: Recorded) -> Iterator[Change]:
    """Tell what changes in `artists`, `artist_facts` and `metric_days`; a later value of a day counts."""
    artist_id = aggregate.uuid
    of_artist = {"user_id": aggregate.user, "artist_id": artist_id}
    for event in recorded.commit.events:
        match event:
            case ArtistSet():
                row = Row("artists", artist_id, aggregate.user)
                values = _profile(event)
                yield Ensure(row, {"user_id": aggregate.user, **values})
                yield Alter(row, values)
            case FactAdded():
                row = Row("artist_facts", event.fact_id, aggregate.user)
                values = {"text": event.text, "source": event.source, "valid_to": event.valid_to}
                yield Ensure(row, {**of_artist, **values})
                yield Alter(row, values)
            case FactRemoved():
                yield Remove(Row("artist_facts", event.fact_id, aggregate.user))
            case MetricsImported():
                for one in event.days:
                    id_ = metric_day_id(artist_id, one.metric, one.day)
                    row = Row("metric_days", id_, aggregate.user)
                    values = {"value": one.value, "source": event.source}
                    yield Ensure(row, {**of_artist, "metric": one.metric, "day": one.day, **values})
                    yield Alter(row, values)
            case NameGiven():
                pass
            case _:
                raise ValueError(f"{event.type} is no event of an artist")


def _profile(event: ArtistSet) -> dict[str, Any]:
    return {
        "name": event.name,
        "genres": list(event.genres),
        "genre_keys": keys(event.genres),
        "location": event.location,
        "bio": event.bio,
        "mbid": event.mbid,
        "mine": event.mine,
        "in_cohort": event.in_cohort,
    }
