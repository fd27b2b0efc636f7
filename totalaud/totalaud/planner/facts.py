"""The user's own records, as a plan needs them, and which of several a question means."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from totalaud.planner.question import Missing, Question
from totalaud.planner.times import LOOKED_AT
from totalaud.planner.vocabulary import key
from totalaud.told.lines import some

Json = dict[str, Any]
RECENT = timedelta(days=60)
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Campaign:
    """`latest_at` is when its latest pitch went out, else when it was created: an import makes many.

    `pitched` tells whether one did.
    """

    id: str
    name: str
    latest_at: datetime | None = None
    closed: bool = False
    release_id: str | None = None
    artist_id: str | None = None
    pitched: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    id: str
    artist_id: str
    title: str
    type: str
    date: date
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Artist:
    id: str
    name: str
    genres: tuple[str, ...] = ()
    location: str | None = None
    bio: str | None = None
    facts: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """`contacts` are of the outlet asked for, as tables hold them; `skills` by name, `lead_times` too.

    `anybody` tells whether there is a contact at all.
    """

    today: date
    artists: Sequence[Artist] = ()
    releases: Sequence[Release] = ()
    campaigns: Sequence[Campaign] = ()
    contacts: Sequence[Mapping[str, Any]] = ()
    anybody: bool = True
    skills: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    lead_times: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was meant, and the sentence that says so where something else could have been."""

    one: Any
    note: str | None = None


def campaign(question: Question, facts: Facts) -> Chosen | Missing:
    """Return the campaign that was named, by itself, its release, its kind or artist, else the open one.

    Of several it is the latest; where it is asked how one does, the latest of those that were pitched.
    """
    whose = _ids(question, facts)
    if question.campaign is not None:
        return _of_name(question.campaign, question.release, whose, facts)
    if question.release is not None:
        return _of_release(question, whose, facts)
    kind = question.release_type
    fitting = {one.id for one in facts.releases if one.type == kind}
    own = [
        one
        for one in facts.campaigns
        if (whose is None or one.artist_id in whose) and (kind is None or one.release_id in fitting)
    ]
    open_ = _begun_first(question, (one for one in own if not one.closed))
    if not open_:
        of = f" of {question.artist}" if question.artist else ""
        of += f" for {a_kind(kind)}" if kind else ""
        why = f"there is no open campaign{of}" if own else f"there is no campaign{of} yet"
        return Missing(f"{why}: import what you sent with 'totalaud outreach import FILE'")
    return Chosen(open_[0], _instead("campaign", [one.name for one in open_]))


def a_kind(kind: str | None) -> str:
    """Write a kind of release with its article."""
    return "a release" if kind is None else f"{'an' if kind[0] in 'ae' else 'a'} {kind}"


def of_releases(kind: str | None, facts: Facts) -> list[Campaign]:
    """Return the campaigns that are for a release of this kind; None: of any."""
    ids = {one.id for one in facts.releases if kind in {None, one.type}}
    return _latest_first(one for one in facts.campaigns if one.release_id in ids)


def release(question: Question, facts: Facts) -> Chosen | Missing:
    """Return the release that was named, else the next planned one, else one that is just out."""
    whose = _ids(question, facts)
    own = [one for one in facts.releases if whose is None or one.artist_id in whose]
    if question.release is not None:
        return _named(question.release, own, facts)
    kind = question.release_type
    fitting = [one for one in own if kind in {None, one.type}]
    planned = sorted((one for one in fitting if one.date >= facts.today), key=lambda one: (one.date, one.id))
    if planned:
        return Chosen(planned[0], _instead("release", _titles(planned, facts)))
    out = [one for one in fitting if facts.today - one.date <= RECENT]
    if out:
        newest = max(out, key=lambda one: one.date)
        return Chosen(newest, f"took the release {newest.title}, out since {newest.date}: none is planned")
    of = f" of {question.artist}" if question.artist else ""
    return Missing(f"there is no {kind or 'release'}{of} planned: add it with 'totalaud releases plan'")


def artist(facts: Facts, artist_id: str | None = None, *, name: str | None = None) -> Chosen | Missing:
    """Return the artist of this id or name, else the user's only or first one."""
    if artist_id is not None or name is not None:
        found = [one for one in facts.artists if one.id == artist_id or (name and key(one.name) == key(name))]
        return Chosen(found[0]) if found else Missing("its artist is none of yours")
    if not facts.artists:
        return Missing("there is no artist yet: add one with 'totalaud artists set'")
    found = sorted(facts.artists, key=lambda one: (one.name, one.id))
    return Chosen(found[0], _instead("artist", [one.name for one in found]))


def _named(title: str, releases: Iterable[Release], facts: Facts) -> Chosen | Missing:
    """Return the latest release of this title, and whose else there is."""
    named = [one for one in releases if key(one.title) == key(title)]
    if not named:
        return Missing(f"{title} is no release of that artist")
    latest_first = sorted(named, key=lambda one: (one.date, one.id), reverse=True)
    return Chosen(latest_first[0], _instead("release", _titles(latest_first, facts)))


def _titles(releases: Sequence[Release], facts: Facts) -> list[str]:
    """Tell releases by their titles, and whose they are where there are several artists."""
    names = {one.id: one.name for one in facts.artists}
    several = len({one.artist_id for one in releases}) > 1
    return [
        f"{one.title} by {names.get(one.artist_id, 'another artist')}" if several else one.title
        for one in releases
    ]


def _of_name(name: str, release: str | None, whose: set[str] | None, facts: Facts) -> Chosen | Missing:
    """Return the latest campaign of this name, but none that is another artist's or for another release."""
    titled = {one.id for one in facts.releases if release is not None and key(one.title) == key(release)}
    named = [one for one in facts.campaigns if key(one.name) == key(name)]
    theirs = [one for one in named if whose is None or one.artist_id in {None, *whose}]
    if not theirs:
        return Missing(f"{name} is no campaign of that artist")
    fitting = _latest_first(one for one in theirs if release is None or one.release_id in {None, *titled})
    if not fitting:
        return Missing(f"{name} is no campaign for {release}")
    several = f"took the latest of your {len(fitting)} campaigns called {name}" if fitting[1:] else None
    return Chosen(fitting[0], several)


def _of_release(question: Question, whose: set[str] | None, facts: Facts) -> Chosen | Missing:
    title = question.release or ""
    named = [one for one in facts.releases if key(one.title) == key(title)]
    ids = {one.id for one in named if whose is None or one.artist_id in whose}
    found = _begun_first(question, (one for one in facts.campaigns if one.release_id in ids))
    if not found:
        return Missing(f"there is no campaign for {title} yet: 'totalaud campaigns create' makes one")
    return Chosen(found[0], _instead("campaign", [one.name for one in found]))


def _ids(question: Question, facts: Facts) -> set[str] | None:
    """Return the ids of the artist that was named; None where none was."""
    if question.artist is None:
        return None
    return {one.id for one in facts.artists if key(one.name) == key(question.artist)}


def _begun_first(question: Question, campaigns: Iterable[Campaign]) -> list[Campaign]:
    """Return the latest first; where it is asked how one does, after those that were pitched the others."""
    return sorted(_latest_first(campaigns), key=lambda one: question.intent in LOOKED_AT and not one.pitched)


def _latest_first(campaigns: Iterable[Campaign]) -> list[Campaign]:
    return sorted(
        campaigns,
        key=lambda one: (one.latest_at.timestamp() if one.latest_at else 0.0, one.id),
        reverse=True,
    )


def _instead(what: str, names: Sequence[str]) -> str | None:
    """Say that the first of these was taken, and what it could also have been; nothing where it is alone."""
    taken, *others = names
    if not others:
        return None
    return f"took the {what} {taken}; it could also have been {some(others, MOST_NAMED)}"
