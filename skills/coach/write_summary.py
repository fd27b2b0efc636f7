"""Judges a summary of findings, and makes one where no model can: nothing is in it that was not found."""

import re
from typing import Any

from library import checking, prose
from library.claims import unsupported
from library.factsheet import sentence
from library.findings import counts, sentences, sheet_of, shown
from skill_runner.context import SkillError

Json = dict[str, Any]

FEWEST, MOST = 30, 400
LEAST = 5
OPENED = re.compile(r"\bopened\b|\bopens\b|\bopen[\s-]rates?\b|\bopenings?\b", re.IGNORECASE)
NOTHING = "There is nothing to tell: the findings are empty."


def brief(given: Json, now: str) -> Json:
    """Return the findings without ids and without whatever is sealed in them."""
    del now
    if not FEWEST <= given["max_words"] <= MOST:
        raise SkillError(f"max_words: must lie between {FEWEST} and {MOST}", code="invalid_input")
    told = {
        "findings": shown(given["findings"]) or {},
        "voice": given.get("voice"),
        "max_words": given["max_words"],
    }
    return {name: value for name, value in told.items() if value is not None}


def check(given: Json, answer: Json) -> list[Json]:
    """Hold a summary against the findings; an opened e-mail is no result, whatever they say of it."""
    text, sheet = answer["text"], sheet_of(given["findings"])
    opened = OPENED.search(text)
    return [
        checking.length("words", text, LEAST, given["max_words"]),
        checking.facts(unsupported(text, sheet)),
        checking.passed("opens", ok=opened is None, why="say nothing of opened e-mails: they are no result"),
        checking.placeholders(text, ()),
    ]


def template(given: Json) -> Json:
    """Return what the findings say in words, as much of it as there is room for."""
    found, kept = given["findings"], []
    told = [*map(sentence, sentences(found)), *(f"{one}." for one in counts(found))]
    for one in dict.fromkeys(told):
        if all(
            result["passed"]
            for result in check(given, {"text": " ".join([*kept, one])})
            if result["name"] != "words"
        ):
            if prose.count(" ".join([*kept, one])) > given["max_words"]:
                break
            kept.append(one)
    text = " ".join(kept)
    return {"text": text if prose.count(text) >= LEAST else NOTHING}


def rests_on(given: Json) -> Json:
    """Hand on how much the findings rest on, where they say so as our skills do."""
    match given["findings"].get("meta"):
        case {"n": int() as n, "sources": [*sources]} if all(isinstance(one, str) for one in sources):
            return {"n": int(n), "sources": sources, "warnings": []}
        case {"n": int() as n}:
            return {"n": int(n), "sources": [], "warnings": []}
        case _:
            return {"n": 0, "sources": [], "warnings": []}
