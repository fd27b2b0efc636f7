"""Judges a pitch, and writes one where no model can: what is told must have been given."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from library import checking, pitch_template, prose
from library.claims import Sheet, unsupported
from library.factsheet import artist_of, release_of, sheet_of, sources
from skill_runner.context import SkillError

Json = dict[str, Any]

SHORTEST, LONGEST_ALLOWED, LEAST_ALLOWED = 50, 300, 60
SUBJECT_WORDS = 9
OTHERS = 2
OF_CONTACT = ("name", "outlet", "role", "type", "genres", "regions")


def brief(given: Json, now: str) -> Json:
    """Return what may be known of contact, artist and release; no address, no fact past its time."""
    today = date.fromisoformat(now[:10])
    most = given["max_words"]
    if not LEAST_ALLOWED <= most <= LONGEST_ALLOWED:
        raise SkillError(
            f"max_words: must lie between {LEAST_ALLOWED} and {LONGEST_ALLOWED}", code="invalid_input"
        )
    info = given.get("artistInfo") or {"name": given.get("artist_name")}
    if given.get("genre"):
        info = {**info, "genre": info.get("genre") or given["genre"]}
    artist = artist_of(info, today)
    if not artist.get("name"):
        raise SkillError("artistInfo.name: the artist has no name", code="invalid_input")
    contact = given.get("contact") or {"name": given.get("contact_name")}
    if contact.get("suppressed"):
        raise SkillError("contacts: one is suppressed and must not be written to", code="invalid_input")
    told = {
        "contact": {name: _tidy(contact[name]) for name in OF_CONTACT if contact.get(name)},
        "artist": artist,
        "release": release_of(given.get("release")),
        "angle": given.get("angle"),
        "tone": given.get("tone") or "friendly",
        "max_words": most,
        "today": today.isoformat(),
    }
    return {name: value for name, value in told.items() if value not in (None, {}) or name == "contact"}


def check(given: Json, answer: Json) -> list[Json]:
    """Hold a pitch against lengths, the fact sheet, and the rule that one thing is asked for."""
    sheet, contact = _sheet(given), given["contact"]
    subjects = [answer["subject"], *answer["subject_options"]]
    body = answer["body"]
    claims = [
        *unsupported(body, sheet),
        *(one for text in subjects for one in unsupported(text, sheet, title=True)),
    ]
    facts = given["artist"].get("facts", [])
    named = [contact["name"]] if contact.get("name") else []
    lengths = [_fits_a_subject(text) for text in subjects]
    different = {prose.flat(text) for text in subjects}
    return [
        checking.length("body words", body, SHORTEST, given["max_words"]),
        checking.passed(
            "subject words",
            ok=all(lengths),
            why=f"each subject has at most {SUBJECT_WORDS} words, and at least one",
        ),
        checking.passed(
            "subject options",
            ok=len(subjects) == 1 + OTHERS == len(different),
            why=f"give {OTHERS} other subjects, all different",
        ),
        checking.facts(claims),
        checking.facts_used(answer["facts_used"], facts, body),
        checking.one_question(body, [*sheet.names, *(fact["text"] for fact in facts)]),
        checking.placeholders("\n".join([*subjects, body]), named, named),
    ]


def template(given: Json) -> Json:
    """Return the richest draft that passes all checks."""
    sheet = _sheet(given)

    def fits(subject: str) -> bool:
        return _fits_a_subject(subject) and not unsupported(subject, sheet, title=True)

    for draft in pitch_template.drafts(given):
        if not checking.length("body words", draft["body"], SHORTEST, given["max_words"])["passed"]:
            continue
        pitch = pitch_template.subjects_that_fit(draft, fits)
        if pitch and all(one["passed"] for one in check(given, pitch)):
            return pitch
    raise SkillError("no pitch can be made of this: shorten the names of artist, release and outlet")


def complete(given: Json, answer: Json) -> Json:
    return {**answer, "tone": given["tone"], "word_count": prose.count(answer["body"])}


def rests_on(given: Json) -> Json:
    """Count the facts; say what was missing for a better pitch."""
    facts = given["artist"].get("facts", [])
    return {
        "n": len(facts),
        "sources": sources(facts),
        "warnings": list(_missing(given)),
    }


def _missing(given: Mapping[str, Any]) -> Iterator[str]:
    if not given["artist"].get("facts"):
        yield "There is no fact about the artist: 'totalaud artists add-fact' adds one"
    if not given.get("release"):
        yield "No release was named"


def _sheet(given: Mapping[str, Any]) -> Sheet:
    contact = given["contact"]
    theirs = [contact.get("outlet"), *contact.get("regions", [])]
    texts = [contact.get("role"), contact.get("type"), *contact.get("genres", []), given.get("angle")]
    return sheet_of(
        given["artist"],
        given.get("release", {}),
        date.fromisoformat(given["today"]),
        texts=texts,
        names=theirs,
    )


def _tidy(value: str | list[str]) -> str | list[str]:
    """Write a value, or each of several, as the sheet has it."""
    return prose.tidy(value) if isinstance(value, str) else [*map(prose.tidy, value)]


def _fits_a_subject(text: str) -> bool:
    return 1 <= prose.count(text) <= SUBJECT_WORDS
