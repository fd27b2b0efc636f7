"""The life of an artist, as two pure functions: a profile, facts that texts may repeat, days of metrics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from campaigns.keeping import Told
from campaigns.naming import give, unknown, unless_given
from shared.log import Past
from shared.record_events import (
    ArtistEvent,
    ArtistSet,
    FactAdded,
    FactRemoved,
    MetricDay,
    MetricsImported,
    NameGiven,
)
from shared.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Artist:
    """`facts` are None once removed; `given` names the artist that this id's name was given to."""

    profile: ArtistSet | None = None
    given: UUID | None = None
    facts: Mapping[UUID, FactAdded | None] = field(default_factory=dict)
    metrics: Mapping[tuple[str, date], float] = field(default_factory=dict)


def decide(command: ArtistEvent | Told[ArtistSet], artist: Artist) -> list[ArtistEvent]:
    """Answer with what happens: a command is the event that it asks for, unless it is so already."""
    match command:
        case Told():
            return decide(command.over(artist.profile), artist)
        case NameGiven():
            return [*give(command, "name", taken=artist.profile is not None, given=artist.given)]
        case ArtistSet():
            unless_given(artist.given, "name")
            return [] if command == artist.profile else [command]
        case FactAdded():
            _known(artist)
            return [] if artist.facts.get(command.fact_id) == command else [command]
        case FactRemoved(fact_id=fact_id):
            _known(artist)
            if fact_id not in artist.facts:
                raise Refusal("unknown_fact", "fact_id", "fact_id: this artist never had such a fact")
            return [] if artist.facts[fact_id] is None else [command]
        case MetricsImported():
            _known(artist)
            days = tuple(day for day in command.days if is_news(day, artist))
            return [replace(command, days=days)] if days else []
        case _:
            assert_never(command)


def is_news(day: MetricDay, artist: Artist) -> bool:
    """Tell whether a day's value differs from the last one."""
    return artist.metrics.get((day.metric, day.day)) != day.value


def _known(artist: Artist) -> None:
    if artist.profile is None:
        raise unknown("artist")


def evolve(artist: Artist, past: Past) -> Artist:
    """Take in what happened."""
    profile, given = artist.profile, artist.given
    facts, metrics = dict(artist.facts), dict(artist.metrics)
    for event in past.events:
        match event:
            case ArtistSet():
                profile = event
            case FactAdded(fact_id=fact_id):
                facts[fact_id] = event
            case FactRemoved(fact_id=fact_id):
                facts[fact_id] = None
            case MetricsImported(days=days):
                metrics |= {(day.metric, day.day): day.value for day in days}
            case NameGiven(to=to):
                given = to
            case _:
                pass
    return Artist(profile, given, facts, metrics)


def size(event: ArtistEvent) -> int:
    """Return how much is kept of an event: of a file of metrics, each value."""
    return len(event.days) if isinstance(event, MetricsImported) else 1
