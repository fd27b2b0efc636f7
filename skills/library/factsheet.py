"""What is known of an artist and a release, in one form, and as the sheet that a text is held against."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from library import prose
from library.claims import Sheet
from library.english import MONTH_NAMES, ORDINARY, stem
from library.music import places_in

Json = dict[str, Any]
USED = 0.4
SPELT = frozenset({"ep", "r&b", "rnb", "uk", "us", "edm", "idm"})
SPELT_VOWELS = "aefhilmnorsx"
SAID_AN = re.compile(r"8|1[18](?!\d)|(?!eu|uk|uni(?!n)|one\b)[aeiou]")


def artist_of(info: Mapping[str, Any], today: date) -> Json:
    """Return name, genres, location, bio and the facts that still hold, each with an id; nothing else."""
    genres = [*(info.get("genres") or []), *([info["genre"]] if info.get("genre") else [])]
    found = {
        "name": prose.tidy(info.get("name") or ""),
        "genres": list(dict.fromkeys(map(prose.tidy, genres))),
        "location": prose.tidy(info.get("location") or ""),
        "bio": prose.tidy(info.get("bio") or ""),
        "facts": facts_of(info.get("facts") or [], today),
    }
    return {name: value for name, value in found.items() if value}


def facts_of(facts: Iterable[Mapping[str, Any]], today: date) -> list[Json]:
    """Leave out facts past their time; one without an id gets its number."""
    told = []
    for number, fact in enumerate(facts, 1):
        text = prose.tidy(fact["text"])
        if text and not _past(fact.get("valid_to"), today):
            source = {"source": prose.tidy(fact["source"])} if fact.get("source") else {}
            told.append({"id": fact.get("id") or f"fact-{number}", "text": text, **source})
    return told


def release_of(release: Mapping[str, Any] | None) -> Json:
    if not release:
        return {}
    kept = {name: release.get(name) for name in ("type", "date", "links")}
    found = {"title": prose.tidy(release["title"]), **kept}
    return {name: value for name, value in found.items() if value}


def sheet_of(
    artist: Mapping[str, Any],
    release: Mapping[str, Any],
    today: date,
    *,
    texts: Iterable[str | None] = (),
    names: Iterable[str | None] = (),
    dates: Iterable[date] = (),
) -> Sheet:
    """Return what may be said of an artist and a release, and besides them."""
    own = [fact["text"] for fact in artist.get("facts", [])]
    place = artist.get("location", "")
    named = [
        artist.get("name"),
        release.get("title"),
        place,
        *places_in(place),
        *names,
    ]
    known = [artist.get("bio"), *artist.get("genres", []), release.get("type"), *own, *texts]
    day = [date.fromisoformat(release["date"])] if release.get("date") else []
    return Sheet(
        texts=tuple(prose.tidy(text) for text in known if text),
        names=tuple(name for name in map(prose.tidy, filter(None, named)) if name),
        links=tuple(release.get("links", ())),
        dates=(*day, *dates),
        today=today,
    )


def not_used(cited: Iterable[str], facts: Iterable[Mapping[str, Any]], text: str) -> list[str]:
    """Return the cited ids that no fact has, or whose fact the text does not tell."""
    told, known = {stem(word) for word in prose.words(text.casefold())}, {fact["id"]: fact for fact in facts}
    return [one for one in cited if one not in known or not _tells(known[one]["text"], told)]


def kind_of(release: Mapping[str, Any]) -> str:
    """Return what a release is called in a sentence."""
    kind = release.get("type") or "release"
    return "EP" if kind == "ep" else str(kind)


def quoted_title(title: str) -> str:
    """Put a title in quotation marks, unless it has some itself."""
    return title if any(mark in title for mark in "“”\"'’‘") else f"“{title}”"


def comes_out(day: date, today: date) -> str:
    return "comes out" if day > today else "is out" if day == today else "came out"


def sources(facts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return where facts are written, each place once."""
    return sorted({fact["source"] for fact in facts if fact.get("source")})


def article(noun: str) -> str:
    """Return a or an, as the noun is said: R&B is spelt, 80s is eighties, Europop begins as yes does."""
    first = unicodedata.normalize("NFD", noun.casefold()).split(" ")[0]
    said_an = first[0] in SPELT_VOWELS if first in SPELT else SAID_AN.match(first)
    return "an" if said_an else "a"


def sentence(text: str) -> str:
    """End a text as a sentence."""
    return text if text[-1:] in ".!?…" else f"{text}."


def written(day: date, locale: str = "en-GB") -> str:
    month = MONTH_NAMES.title().split()[day.month - 1]
    return f"{month} {day.day}, {day.year}" if locale == "en-US" else f"{day.day} {month} {day.year}"


def _tells(fact: str, told: set[str]) -> bool:
    """Look for the words that only this fact has; one of ordinary words alone must be there with all."""
    said = prose.words(fact.casefold())
    own = {stem(word) for word in said if word not in ORDINARY}
    return len(own & told) >= USED * len(own) if own else bool(said) and {*map(stem, said)} <= told


def _past(valid_to: str | None, today: date) -> bool:
    return bool(valid_to) and date.fromisoformat(str(valid_to)[:10]) < today
