"""Judges a press release, and writes one where no model can: what is told must have been given."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from library import checking, days, press_template, prose
from library.claims import Sheet, unsupported
from library.factsheet import artist_of, release_of, sheet_of, sources
from skill_runner.context import SkillError

Json = dict[str, Any]

HEADLINE_WORDS, STANDFIRST_WORDS = 15, 50
SHORTEST, LONGEST = 300, 450
LEAST = 10


def brief(given: Json, now: str) -> Json:
    """Return what may be told; no fact past its time."""
    today = date.fromisoformat(now[:10])
    artist, release = artist_of(given["artist"], today), release_of(given["release"])
    for what, value in (("artist.name", artist.get("name")), ("release.title", release.get("title"))):
        if not value:
            raise SkillError(f"{what}: is empty", code="invalid_input")
    told = {
        "artist": artist,
        "release": release,
        "quotes": [
            {"text": prose.tidy(quote["text"]).strip('“”"'), "speaker": prose.tidy(quote["speaker"])}
            for quote in given.get("quotes") or []
        ],
        "embargo_until": given.get("embargo_until"),
        "contact_line": given.get("contact_line"),
        "locale": given["locale"],
        "today": today.isoformat(),
    }
    low, high = _wanted(told)
    return {name: value for name, value in told.items() if value} | {"min_words": low, "max_words": high}


def check(given: Json, answer: Json) -> list[Json]:
    """Hold a press release against lengths, its parts, and the fact sheet."""
    sheet = _sheet(given)
    headline, standfirst, body = answer["headline"], answer["standfirst"], answer["body"]
    whole = f"{headline}\n{standfirst}\n{body}"
    claims = [
        *unsupported(headline, sheet, title=True),
        *unsupported(standfirst, sheet),
        *unsupported(body, sheet),
    ]
    low, high = _wanted(given)
    lacking = list(_lacking(given, whole))
    quotes = given.get("quotes", [])
    unsaid = [quote["speaker"] for quote in quotes if not _quoted(quote, body, quotes)]
    return [
        checking.length("headline words", headline, 1, HEADLINE_WORDS),
        checking.length("standfirst words", standfirst, 1, STANDFIRST_WORDS),
        checking.length("body words", body, low, high),
        checking.passed("parts", ok=not lacking, why=f"it does not tell: {', '.join(lacking)}"),
        checking.facts(claims),
        checking.passed(
            "quotes",
            ok=not unsaid,
            why=f"quote once, word for word, with the speaker's name: {'; '.join(unsaid)}",
        ),
        checking.facts_used(answer["facts_used"], given["artist"].get("facts", []), body),
        checking.placeholders(whole, ()),
    ]


def template(given: Json) -> Json:
    """Return the fullest draft that passes all checks, else the one that says least."""
    drafts = list(press_template.drafts(given))
    passing = (draft for draft in drafts if all(one["passed"] for one in check(given, draft)))
    return next(passing, drafts[-1])


def complete(given: Json, answer: Json) -> Json:
    return {
        **answer,
        "notes_to_editors": press_template.notes(given),
        "boilerplate": press_template.boilerplate(given),
        "word_count": prose.count(answer["body"]),
        "missing": press_template.missing(given),
    }


def rests_on(given: Json) -> Json:
    """Count the facts; say where there is too little for a press release of the usual length."""
    facts = given["artist"].get("facts", [])
    low, _ = _wanted(given)
    short = (
        f"There is too little material for {SHORTEST} words: it is shorter than a press release usually is"
    )
    return {
        "n": len(facts),
        "sources": sources(facts),
        "warnings": [*([short] if low < SHORTEST else []), *_of_embargo(given)],
    }


def _of_embargo(given: Json) -> list[str]:
    """Say where an embargo cannot be meant so."""
    if not given.get("embargo_until"):
        return []
    until, out = datetime.fromisoformat(given["embargo_until"]), given["release"].get("date")
    today = datetime.combine(date.fromisoformat(given["today"]), time(), UTC)
    over = ["The embargo is over already"] if until < today else []
    late = out and until.date() > date.fromisoformat(out)
    return [*over, *(["The embargo ends after the release"] if late else [])]


def _wanted(given: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many words there are to be: what is little cannot be made long without inventing."""
    quotes = [f"{quote['text']} {quote['speaker']}" for quote in given.get("quotes", [])]
    artist = given["artist"]
    material = [artist.get("bio", ""), *(fact["text"] for fact in artist.get("facts", [])), *quotes]
    return min(SHORTEST, max(LEAST, prose.count(" ".join(material)))), LONGEST


def _lacking(given: Mapping[str, Any], text: str) -> Iterator[str]:
    """Yield what every press release tells and this one does not."""
    flat = prose.flat(text)
    for name in (given["artist"]["name"], given["release"]["title"]):
        if prose.flat(name) not in flat:
            yield name
    if day := given["release"].get("date"):
        wanted = days.given(date.fromisoformat(day))
        told = days.days(prose.without_names(text, _sheet(given).names))
        if not any(one.month and one.day and one.says(wanted) for one in told):
            yield f"the date {day}"


def _quoted(quote: Mapping[str, Any], body: str, quotes: Sequence[Mapping[str, Any]]) -> bool:
    """Look for the words, once; what others say too, in other words as well, stands in marks as often."""
    flat, said = prose.flat(body), _said(quote["text"])
    marked = [_said(one.text) for one in prose.quoted(body)].count(said)
    once = flat.count(said) == 1 or marked == [_said(one["text"]) for one in quotes].count(said)
    return once and prose.flat(quote["speaker"]).split(",")[0] in flat


def _said(text: str) -> str:
    return prose.flat(text).rstrip(".,")


def _sheet(given: Mapping[str, Any]) -> Sheet:
    quotes = given.get("quotes", [])
    until = given.get("embargo_until")
    return sheet_of(
        given["artist"],
        given["release"],
        date.fromisoformat(given["today"]),
        texts=[quote["text"] for quote in quotes],
        names=[name for quote in quotes for name in (quote["speaker"], quote["speaker"].split(",")[0])],
        dates=[datetime.fromisoformat(until).date()] if until else [],
    )
