"""A pitch that no model writes: friendly, short, and of what is known only."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import combinations, islice, product
from typing import Any

from library.factsheet import article, comes_out, kind_of, quoted_title, sentence, written
from library.music import genre_key

Json = dict[str, Any]
MOST_FACTS = 3
FILLERS = (
    "I know that you hear a lot of new music, so I will keep this short.",
    "If it is not for you, that is good to know as well.",
    "There is no hurry, and a short answer is as good as a long one.",
    "I would rather ask than guess what fits.",
    "Thank you for your time.",
)
PLAIN_SUBJECTS = ("Something new to hear", "A short note about new music", "New music, if you like")


def drafts(given: Mapping[str, Any]) -> Iterator[Json]:
    """Yield drafts, the best first: many facts, few empty words.

    The last ones name nobody, so that no name is too long for them.
    """
    known = given["artist"].get("facts", [])
    polite = [some for count in range(len(FILLERS) + 1) for some in combinations(FILLERS, count)]
    for bare in (False, True):
        counts = range(min(MOST_FACTS, len(known)), -1, -1) if not bare else (0,)
        for count, fillers in product(counts, polite):
            body = _body(given, known[:count], fillers, bare=bare)
            subjects = [*([] if bare else _subjects(given)), *PLAIN_SUBJECTS]
            yield _draft(body, subjects, known[:count])


def subjects_that_fit(draft: Json, fits: Any) -> Json | None:
    """Return the draft with the first three of its subjects that fit."""
    chosen = list(islice(filter(fits, draft["subject_options"]), 3))
    if len(chosen) < 3:  # noqa: PLR2004 - one and two others
        return None
    return {**draft, "subject": chosen[0], "subject_options": chosen[1:]}


def _draft(body: str, subjects: list[str], facts: list[Json]) -> Json:
    return {
        "subject": subjects[0],
        "subject_options": list(dict.fromkeys(subjects)),
        "body": body,
        "facts_used": [fact["id"] for fact in facts],
    }


def _subjects(given: Mapping[str, Any]) -> Iterator[str]:
    artist, release, contact = given["artist"], given.get("release", {}), given["contact"]
    name, title, outlet = artist["name"], release.get("title"), contact.get("outlet")
    genre = artist.get("genres", [None])[0]
    new = f"New {genre.removeprefix('new ')}" if genre else ""
    if title:
        yield f"{name}: {title}"
    if outlet and new:
        yield f"{new} for {outlet}"
    if new:
        yield f"{new} from {name}"
    if title and outlet:
        yield f"{title} for {outlet}"
    yield f"New music from {name}"


def _body(given: Mapping[str, Any], facts: list[Json], fillers: tuple[str, ...], *, bare: bool) -> str:
    artist, contact = given["artist"], given["contact"]
    what = [_of_artist(artist), *_of_release(given)] if not bare else ["I am writing about new music."]
    told = [*what, *(sentence(fact["text"]) for fact in facts), *([] if bare else _fit(artist, contact))]
    paragraphs = [
        _greeting(contact, bare=bare),
        " ".join(told),
        " ".join([*fillers, _ask(given, bare=bare)]),
        "Best wishes" if bare else f"Best wishes\n{artist['name']}",
    ]
    return "\n\n".join(paragraphs)


def _greeting(contact: Mapping[str, Any], *, bare: bool) -> str:
    if contact.get("name"):
        return f"Hi {contact['name']},"
    return "Hello," if bare or not contact.get("outlet") else f"Hello to everyone at {contact['outlet']},"


def _of_artist(artist: Mapping[str, Any]) -> str:
    genre = artist.get("genres", [None])[0]
    place = f" from {artist['location']}" if artist.get("location") else ""
    act = f", {article(genre)} {genre} act{place}" if genre else place
    return f"I am writing to you about {artist['name']}{act}."


def _of_release(given: Mapping[str, Any]) -> Iterator[str]:
    release, today = given.get("release", {}), date.fromisoformat(given["today"])
    if not release:
        return
    kind, title = kind_of(release), quoted_title(release["title"])
    if not release.get("date"):
        yield f"{title} is the {kind} that I would like you to hear."
        return
    day = date.fromisoformat(release["date"])
    yield f"The {kind} {title} {comes_out(day, today)} on {written(day)}."


def _fit(artist: Mapping[str, Any], contact: Mapping[str, Any]) -> Iterator[str]:
    outlet = contact.get("outlet")
    theirs = set(map(genre_key, contact.get("genres", [])))
    shared = [genre for genre in artist.get("genres", []) if genre_key(genre) in theirs]
    if shared:
        yield f"You look for {shared[0]}, which is why I thought of {outlet or 'you'}."
    elif outlet:
        yield f"I wonder whether it suits {outlet}."


def _ask(given: Mapping[str, Any], *, bare: bool) -> str:
    links = given.get("release", {}).get("links", [])
    if links and not bare:
        return f"Would you like to listen? It is here: {links[0]}"
    return "Would you like to hear it?" if given.get("release") else "Would you like to hear something of it?"
