"""Suggests hashtags of several kinds from an artist's names, genres and place; no reach is invented."""

import re
from collections.abc import Iterator
from typing import Any

from library.hashtags import NEAR, PLATFORMS, SCENES, UNSIGNED, Candidate, diverse, tag
from library.meta import meta
from library.music import genre_key, places_in
from skill_runner.context import Context, SkillError

Json = dict[str, Any]

OF_A_LABEL = re.compile(r"\b(?:[Ss]igned (?:to|by|with)|[Ll]abels?|Records|Recordings)\b")
NEAR_WORTH = (0.7, 0.6, 0.5)
FEW_KINDS = 4
NO_REACH = "Nothing is fetched from a platform: how often these tags are seen is not known"


def run(given: Json, context: Context) -> Json:
    """Return `hashtags`, the first ones first; fewer than `max` where the platform allows fewer."""
    platform, wanted = PLATFORMS[given["platform"]], int(given["max"])
    if wanted < 1:
        raise SkillError("max: must be at least 1")
    candidates = [
        Candidate(written, one.kind, one.worth, one.why)
        for one in _candidates(given, platform.formats)
        if (written := tag(one.tag))
    ]
    chosen = diverse(candidates, min(wanted, platform.most))
    return {
        "hashtags": [{"tag": one.tag, "kind": one.kind, "why": one.why} for one in chosen],
        "meta": meta(context, "prior_only", 0, warnings=_warnings(given, chosen, wanted, platform.most)),
    }


def _candidates(given: Json, formats: tuple[str, ...]) -> Iterator[Candidate]:
    """Yield names before they are written as tags."""
    artist, release = given["artist"], given.get("release") or {}
    genres = [name for name in [*(artist.get("genres") or []), artist.get("genre")] if name]
    yield Candidate(artist["name"], "artist", 1.0, "the artist's own name")
    if release.get("title"):
        yield Candidate(release["title"], "release", 0.95, "the release's own title")
    yield from _genres(genres)
    yield from _places(artist.get("location"))
    yield from _scenes(genres, signed=_is_signed(artist))
    if release.get("type"):
        yield Candidate(f"new {release['type']}", "format", 0.7, f"it is a new {release['type']}")
    for name in formats:
        yield Candidate(name, "format", 0.55, "what such posts are called there")


def _genres(genres: list[str]) -> Iterator[Candidate]:
    for index, genre in enumerate(genres):
        yield Candidate(genre, "genre", max(0.9 - 0.1 * index, 0.5), "one of the artist's genres")
        for near, worth in zip(NEAR.get(_plain(genre), ()), NEAR_WORTH, strict=False):
            yield Candidate(near, "genre", worth, f"near to {genre}")


def _places(location: str | None) -> Iterator[Candidate]:
    for place in places_in(location)[:1]:
        yield Candidate(f"{place} music", "place", 0.75, "where the artist is from")
        yield Candidate(place, "place", 0.6, "where the artist is from")


def _is_signed(artist: Json) -> bool:
    """Whether what was given of the artist speaks of a label: no tag may say otherwise."""
    told = [artist.get("bio"), *(fact.get("text") for fact in artist.get("facts") or [])]
    return any(OF_A_LABEL.search(text) for text in told if text)


def _scenes(genres: list[str], *, signed: bool) -> Iterator[Candidate]:
    own = {_plain(genre) for genre in genres}
    for scene, of in SCENES.items():
        if own & set(of):
            yield Candidate(scene, "scene", 0.65, f"the scene of {' and '.join(sorted(own & set(of)))}")
    if not signed:
        yield Candidate(UNSIGNED, "scene", 0.45, "the scene of independent artists")


def _plain(genre: str) -> str:
    """Know Synth-Pop and dnb as synthpop and drum and bass, by the names that are listed."""
    return KNOWN.get(genre_key(genre), genre.casefold())


KNOWN = {genre_key(name): name for some in (NEAR, *SCENES.values()) for name in some}


def _warnings(given: Json, chosen: list[Candidate], wanted: int, most: int) -> list[str]:
    found = [NO_REACH]
    if wanted > most:
        found.append(f"{given['platform']} takes {most} at most")
    if min(wanted, most) >= FEW_KINDS > len({one.kind for one in chosen}):
        found.append("Few kinds: add a release, genres and a location to the artist")
    return found
