"""Proves that a report's numerals are its claims."""

import re
from typing import Any

NUMERAL = re.compile(r"\d+(?:[.,:]\d+)*")
NUMBER_WORDS = re.compile(
    r"\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|hundred|thousand|"
    r"once|twice|third|half|quarters?|dozen)\b",
    re.IGNORECASE,
)

Json = dict[str, Any]


def unclaimed(markdown: str, claims: list[Json]) -> list[str]:
    """Take the claims out in the order read; return the numerals left, and a claim that is not there."""
    left, at = [], 0
    for claim in claims:
        found = markdown.find(claim["text"], at)
        if found < 0:
            return [claim["text"], *_numerals([*left, markdown[at:]])]
        left.append(markdown[at:found])
        at = found + len(claim["text"])
    return _numerals([*left, markdown[at:]])


def is_true(claim: Json) -> bool:
    """Tell whether a claim's text is its value, rounded: a count, a share in percent, or days."""
    if "value" not in claim:
        return True
    shown, value = float(claim["text"]), claim["value"]
    places = len(claim["text"].partition(".")[2])
    within = 0.5000001 * 10**-places
    return abs(shown - value) <= within or abs(shown - 100 * value) <= within


def _numerals(parts: list[str]) -> list[str]:
    return [numeral for part in parts for numeral in NUMERAL.findall(part)]
