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
from quality.judged import Answer, Functions
from quality.planted.sheets import SPEAKERS, TODAY, TRAPS, Case, drawn, sentences
from quality.row import Row, interval

Json = dict[str, Any]

SKILL = "write-press-release"
SHEETS, HONEST = 100, 100
REPAIR_INVENTS = 0.5


async def measure(bench: Bench, seeds: Sequence[int]) -> list[Row]:
    """Let the writer write, with checks and without."""
    skill = Functions(bench.definition(SKILL))
    naive, ours, kept, alarms, bent, inexact = [], [], [], [], 0, 0
    for seed in seeds:
        raw = false = bad = alarm = 0
        for number in range(SHEETS):
            case, draw = drawn(seed, number), Random(f"{seed}/{number}")
            given = skill.brief(_input(case), TODAY)
            first = _trapped(case, draw)
            raw += _false(first)
            taken = skill.taken(given, first, _repair(case, draw))
            false += _false(taken)
            whole = skill.complete(given, taken[0])
            bad += any(not one["passed"] for one in skill.check(given, taken[0]))
            bent += _bent(case, whole)
            inexact += not _exact(case, whole)
        for number in range(HONEST):
            case, draw = drawn(seed, SHEETS + number), Random(f"honest/{seed}/{number}")
            honest = _release(case, sentences(case, draw), case.quotes)
            alarm += not skill.passes(skill.brief(_input(case), TODAY), honest)
        naive.append(raw / SHEETS)
        ours.append(false / SHEETS)
        kept.append(1 - bad / SHEETS)
        alarms.append(alarm / HONEST)
    return [
        Row(SKILL, "share with a planted claim", _mean(naive), _mean(ours), *interval(ours),
            "0, baseline > 0", passed=not any(ours) and min(naive) > 0),
        Row(SKILL, "constraints kept", None, _mean(kept), *interval(kept), "1", passed=min(kept) == 1),
        Row(SKILL, "quotes that nobody gave", None, bent, None, None, "0", passed=not bent),
        Row(SKILL, "dates or links not as given", None, inexact, None, None, "0", passed=not inexact),
        Row(SKILL, "false alarms, honest texts", None, _mean(alarms), *interval(alarms), "≤ 0.02",
            passed=_mean(alarms) <= 0.02),
    ]  # fmt: skip


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


def _repair(case: Case, draw: Random) -> Answer:
    if draw.random() < REPAIR_INVENTS:
        return _trapped(case, draw)
    return _release(case, sentences(case, draw), case.quotes), None


def _release(case: Case, told: Sequence[str], quotes: Sequence[Json]) -> Json:
    said = [f"“{quote['text']},” says {quote['speaker'].split(',')[0]}." for quote in quotes]
    day = f"{case.day.day} {case.day:%B %Y}"
    return {
        "headline": f"{case.name} Release {case.title}",
        "standfirst": f"{case.title} by {case.name} is out on {day}.",
        "body": "\n\n".join([" ".join(told), *said]),
        "facts_used": [fact["id"] for fact in case.facts],
    }


def _false(answer: Answer) -> bool:
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


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
