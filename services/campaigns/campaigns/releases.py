"""The life of a release, as two pure functions: planned, perhaps changed."""

from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from campaigns.naming import give, unless_given
from shared.log import Past
from shared.record_events import NameGiven, ReleaseEvent, ReleasePlanned


@dataclass(frozen=True, slots=True)
class Release:
    """`given` names the release that this id's title was given to."""

    profile: ReleasePlanned | None = None
    given: UUID | None = None


def decide(command: ReleaseEvent, release: Release) -> list[ReleaseEvent]:
    """Answer with what happens: a command is the event that it asks for, unless it is so already."""
    match command:
        case NameGiven():
            return [*give(command, "title", taken=release.profile is not None, given=release.given)]
        case ReleasePlanned():
            unless_given(release.given, "title")
            return [] if command == release.profile else [command]
        case _:
            assert_never(command)


def evolve(release: Release, past: Past) -> Release:
    """Take in what happened."""
    for event in past.events:
        match event:
            case ReleasePlanned():
                release = Release(event, release.given)
            case NameGiven(to=to):
                release = Release(release.profile, to)
            case _:
                pass
    return release
