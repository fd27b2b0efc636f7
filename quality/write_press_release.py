"""Unsupported claims and bent quotes in press releases on a hundred fact sheets a seed, as for pitches.

The writer plants one trap in each: what is listed for pitches, a quote with words added, or a quote under
another name. It is known what was planted. Of what is taken in the end, each quote is looked up in the input
letter by letter, and date and links are compared with the release.
"""

from collections.abc import Sequence
from datetime import date
from random import Random
from typing import Any

from library.prose import quoted
from quality.harness import Bench
from quality.judged import Answer, Writer, tried
from quality.planted.sheets import SPEAKERS, TRAPS, Case, sentences
from quality.row import Row, never

Json = dict[str, Any]

SKILL = "write-press-release"


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    trial = tried(bench.definition(SKILL), Writer(_input, _trapped, _honest, _is_false), seeds)
    claims, kept, alarms = trial.rows()
    return [
        claims,
        kept,
        never(SKILL, "quotes that nobody gave", sum(_bent(*one) for one in trial.taken)),
        never(SKILL, "dates or links not as given", sum(not _exact(*one) for one in trial.taken)),
        alarms,
    ]


def _input(case: Case) -> Json:
    return {"artist": case.artist, "release": case.release, "quotes": list(case.quotes), "locale": "en-GB"}


def _trapped(case: Case, draw: Random) -> Answer:
    """Return a press release with one trap in it, and the trap."""
    told, quotes = sentences(case, draw), [dict(quote) for quote in case.quotes]
    kind = draw.choice([*sorted(TRAPS), "bent quote", "another speaker"])
    match kind:
        case "bent quote":
            planted = quotes[0]["text"] = f"{quotes[0]['text']}, {draw.choice(['truly', 'again', 'at last'])}"
        case "another speaker":
            others = [name for name in SPEAKERS if name not in str(case)]
            planted = quotes[0]["speaker"] = f"{draw.choice(others)}, singer"
        case _:
            planted = TRAPS[kind](case, draw)
            told.insert(draw.randrange(1, len(told) + 1), planted)
    return _release(case, told, quotes), planted


def _honest(case: Case, draw: Random) -> Json:
    return _release(case, sentences(case, draw), case.quotes)


def _release(case: Case, told: Sequence[str], quotes: Sequence[Json]) -> Json:
    said = [f"“{quote['text']},” says {quote['speaker'].split(',')[0]}." for quote in quotes]
    day = f"{case.day.day} {case.day:%B %Y}"
    return {
        "headline": f"{case.name} Release {case.title}",
        "standfirst": f"{case.title} by {case.name} is out on {day}.",
        "body": "\n\n".join([" ".join(told), *said]),
        "facts_used": [fact["id"] for fact in case.facts],
    }


def _is_false(answer: Answer) -> bool:
    release, planted = answer
    return planted is not None and planted.split(",")[0] in release["body"] and planted in _said(release)


def _said(release: Json) -> str:
    """Return the body with speakers as they were planted, so that a planted name is found in it."""
    body: str = release["body"]
    return body + " ".join(f"{name}, singer" for name in SPEAKERS if f"says {name}." in body)


def _bent(case: Case, release: Json) -> int:
    """Count what stands in quotation marks and is neither a quote that was given nor the title."""
    given = [case.title, *(quote["text"] for quote in case.quotes)]
    said = [
        one.text.strip(" ,.") for name in ("headline", "standfirst", "body") for one in quoted(release[name])
    ]
    return sum(not any(one in text for text in given) for one in said)


def _exact(case: Case, release: Json) -> bool:
    notes = release["notes_to_editors"].splitlines()
    day = f"Release date: {case.day.day} {date(1, case.day.month, 1):%B} {case.day.year}"
    return day in notes and [line for line in notes if line.startswith("Link: ")] == [
        f"Link: {link}" for link in case.release["links"]
    ]
