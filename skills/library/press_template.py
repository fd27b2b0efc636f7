"""A press release that no model writes: the most important first, of what is known only."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import product
from typing import Any

from library.factsheet import article, comes_out, kind_of, quoted_title, sentence, written

Json = dict[str, Any]
PER_PARAGRAPH = 3


def drafts(given: Mapping[str, Any]) -> Iterator[Json]:
    """Yield drafts, the one with most in it first; the last one says the least that can be said."""
    facts, quotes = given["artist"].get("facts", []), given.get("quotes", [])
    for count, bio, headline in product(range(len(facts), -1, -1), (True, False), _headlines(given)):
        yield {
            "headline": headline,
            "standfirst": _announced(given),
            "body": "\n\n".join(_paragraphs(given, facts[:count], quotes, bio=bio)),
            "facts_used": [fact["id"] for fact in facts[:count]],
        }
    plain = f"There is a new {_kind(given)}."
    yield {"headline": f"A new {_kind(given)}", "standfirst": plain, "body": plain, "facts_used": []}


def notes(given: Mapping[str, Any]) -> str:
    """Return what editors need beside the text: embargo, release, links, whom to ask."""
    release = given["release"]
    lines = [_embargo(given), f"Title: {release['title']}", f"Format: {_kind(given)}"]
    if day := _day(given):
        lines.append(f"Release date: {written(day, given['locale'])}")
    lines += [f"Link: {link}" for link in release.get("links", [])]
    sources = dict.fromkeys(fact["source"] for fact in given["artist"].get("facts", []) if fact.get("source"))
    lines += [f"Source of facts: {source}" for source in sources]
    if given.get("contact_line"):
        lines.append(f"Contact: {given['contact_line']}")
    return "\n".join(lines)


def boilerplate(given: Mapping[str, Any]) -> str:
    """Return the paragraph about the artist: the biography, or what is known in its place."""
    artist = given["artist"]
    return f"About {artist['name']}: {sentence(artist.get('bio') or _known(artist))}"


def missing(given: Mapping[str, Any]) -> list[str]:
    """Name what a press release should have and nobody gave."""
    artist, release = given["artist"], given["release"]
    there = {
        "release date": release.get("date"),
        "links": release.get("links"),
        "quotes": given.get("quotes"),
        "biography": artist.get("bio"),
        "three facts or more": len(artist.get("facts", [])) > 2,  # noqa: PLR2004 - three
        "genre": artist.get("genres"),
        "location": artist.get("location"),
        "contact line": given.get("contact_line"),
    }
    return [name for name, value in there.items() if not value]


def _headlines(given: Mapping[str, Any]) -> tuple[str, ...]:
    name, title, kind = given["artist"]["name"], given["release"]["title"], _kind(given)
    return f"New {kind} by {name}: {title}", f"New {kind}: {title}", f"A new {kind}"


def _announced(given: Mapping[str, Any]) -> str:
    artist, release, day = given["artist"], given["release"], _day(given)
    today = date.fromisoformat(given["today"])
    when = f" {comes_out(day, today)} on {written(day, given['locale'])}" if day else ""
    kind = _kind(given)
    by = f"{quoted_title(release['title'])}, {article(kind)} {kind} by {artist['name']}{_who(artist)},"
    return f"{by}{when}." if when else f"{by} is here to be heard."


def _paragraphs(
    given: Mapping[str, Any], facts: list[Json], quotes: list[Json], *, bio: bool
) -> Iterator[str]:
    yield _announced(given)
    told = [sentence(fact["text"]) for fact in facts]
    for first in range(0, len(told), PER_PARAGRAPH):
        yield " ".join(told[first : first + PER_PARAGRAPH])
    for quote in quotes:
        yield f"{quote['speaker']}: “{quote['text']}”"
    if bio and given["artist"].get("bio"):
        yield sentence(given["artist"]["bio"])


def _known(artist: Mapping[str, Any]) -> str:
    return (
        f"{artist['name']}{_who(artist)}"
        if _who(artist)
        else f"there is no biography of {artist['name']} yet"
    )


def _who(artist: Mapping[str, Any]) -> str:
    genres = artist.get("genres", [])
    place = f"from {artist['location']}" if artist.get("location") else ""
    told = " ".join(part for part in (genres[0] if genres else "", place) if part)
    return f" ({told})" if told else ""


def _embargo(given: Mapping[str, Any]) -> str:
    until = given.get("embargo_until")
    if not until:
        return "For immediate release"
    moment = datetime.fromisoformat(until)
    clock = f"{moment:%H:%M} {moment.tzname() or ''}".strip()
    return f"EMBARGO: not for publication before {written(moment.date(), given['locale'])}, {clock}"


def _day(given: Mapping[str, Any]) -> date | None:
    day = given["release"].get("date")
    return date.fromisoformat(day) if day else None


def _kind(given: Mapping[str, Any]) -> str:
    return kind_of(given["release"])
