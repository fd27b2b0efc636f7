"""With which of a user's artists and releases an opportunity can be applied for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from library.eligibility import Applicant, obstacles, places_of
from library.pitched import keys
from library.situation import Situation

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Applying:
    """An artist, if any is known, and the release to apply with where the rules ask for one."""

    artist: Row | None = None
    release: Row | None = None

    @property
    def words(self) -> str:
        """Say who fits, to be put after `it fits`."""
        who = f" {self.artist['name']}" if self.artist else ""
        return f"{who} with {self.release['title']}" if self.release else who

    @property
    def input(self) -> Row:
        """Return what discover-opportunities is asked, so that it finds the same."""
        if self.artist is None:
            return {}
        given = {"artist_id": self.artist["id"], "genres": self.artist["genres"] or []}
        if self.release is None:
            return given
        release = {name: self.release[name] for name in ("title", "type")}
        return {**given, "release": {**release, "date": self.release["date"].isoformat()}}


def applying(at: Situation) -> list[tuple[Applying, Applicant]]:
    """Return each artist as such, then with each release: what needs none is applied for without."""
    known = {artist["id"]: artist for artist in at.artists}
    places = {id_: places_of(artist["location"]) for id_, artist in known.items()}
    alone = [Applying(artist) for artist in at.artists] or [Applying()]
    with_release = [
        Applying(known[release["artist_id"]], release)
        for release in at.released
        if release["artist_id"] in known
    ]
    return [(one, _applicant(one, places, at)) for one in (*alone, *with_release)]


def taken_by(opportunity: Row, some: Iterable[tuple[Applying, Applicant]]) -> Applying | None:
    """Return the first whose genre it is and in whose way no rule stands; None where there is nobody."""
    wanted = set(opportunity["genre_keys"] or ())
    return next(
        (
            one
            for one, by in some
            if (not wanted or wanted & keys(by.genres)) and not obstacles(opportunity, by)
        ),
        None,
    )


def _applicant(one: Applying, places: Mapping[str, frozenset[str]], at: Situation) -> Applicant:
    artist, release = one.artist or {}, one.release or {}
    return Applicant(
        today=at.now.date(),
        genres=tuple(artist.get("genres") or ()),
        places=places.get(artist.get("id", ""), frozenset()),
        release_date=release.get("date"),
        release_type=release.get("type"),
    )
