"""The user's records as a skill's input wants them: in the fields that its types have."""

from typing import Any

from totalaud.planner.facts import Artist, Facts, Release

Json = dict[str, Any]


def artist_info(artist: Artist, facts: Facts, skill: str) -> Json:
    """Write an artist in the fields that a skill's `ArtistInfo` and `Fact` have."""
    told = [_fields({**fact}, facts, skill, "Fact") for fact in artist.facts]
    info = {
        "name": artist.name,
        "genre": artist.genres[0] if artist.genres else None,
        "genres": list(artist.genres),
        "location": artist.location,
        "bio": artist.bio,
        "facts": told,
    }
    return _fields(info, facts, skill, "ArtistInfo")


def release_info(release: Release, facts: Facts, skill: str) -> Json:
    """Write a release in the fields that a skill's `Release` has."""
    info = {
        "id": release.id,
        "title": release.title,
        "type": release.type,
        "date": release.date.isoformat(),
        "links": list(release.links),
    }
    return _fields(info, facts, skill, "Release")


def _fields(value: Json, facts: Facts, skill: str, type_: str) -> Json:
    schema = (facts.skills.get(skill) or {}).get("input_schema") or {}
    known = schema.get("$defs", {}).get(type_, {}).get("properties")
    return {
        name: each for name, each in value.items() if each is not None and (known is None or name in known)
    }
