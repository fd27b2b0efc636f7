"""Numbers in English text, however they are written: 1,200, 1.2k, £40, 40 %, 3rd, three, a dozen, the 80s."""

import re
from collections.abc import Iterator
from typing import NamedTuple
from unicodedata import category, numeric

from library.english import DECADES, FIRST_OF, ORDINALS, SCALES, TENS, UNITS

SUFFIXES = {**SCALES, "k": 1_000, "m": 1_000_000, "mn": 1_000_000, "bn": 1_000_000_000}
FIGURES = re.compile(
    r"(?P<money>[£$€])?(?P<whole>\d{1,3}(?:[,\u00a0\u202f]\d{3})+|\d+)(?P<part>\.\d+)?"
    r"(?:\s?(?P<share>%|per\s?cent\b)|(?P<th>st|nd|rd|th)\b|[’']?(?P<decade>s)\b"
    r"|\s?(?P<scale>hundred|thousand|million|billion|k|mn|m|bn)\b)?",
    re.IGNORECASE,
)
_WORDS = "|".join([*UNITS, *TENS, *SCALES])
SPOKEN = re.compile(
    rf"\b(?:(?P<half>half)\s+)?(?:an?\s+)?(?P<said>(?:{_WORDS})(?:(?:\s+and\s+|[\s-]+)(?:{_WORDS}))*)"
    rf"(?P<more>\s+and\s+a\s+half\b(?:[\s-]+(?P<of>{'|'.join(SCALES)}))?)?"
    r"(?P<many>s)?\b(?:\s?(?P<share>%|per\s?cent\b))?",
    re.IGNORECASE,
)
ORDINAL = re.compile(rf"(?<!\ba )(?<!per )\b(?P<said>{'|'.join([*ORDINALS][1:])})\b", re.IGNORECASE)
FIRST = re.compile(rf"\bfirst[\s-]+(?:\w+\s+)?(?:{FIRST_OF})\b", re.IGNORECASE)
DECADE = re.compile(rf"\b({'|'.join(DECADES)})\b", re.IGNORECASE)
TWICE = re.compile(r"\b(twice|thrice)\b", re.IGNORECASE)


class Amount(NamedTuple):
    """A value and what it counts: nothing known (""), %, a currency, th (an ordinal), s (a decade)."""

    value: float
    unit: str
    text: str
    start: int
    end: int

    @property
    def key(self) -> tuple[float, str]:
        return self.value, self.unit


def amounts(text: str) -> list[Amount]:
    """Return all numbers in the order of the text; a plain "one" is none, nor is "first" of nothing."""
    found: list[Amount] = []
    taken = set[int]()
    for one in (*_figures(text), *_spoken(text), *_others(text)):
        if taken.isdisjoint(range(one.start, one.end)):
            taken.update(range(one.start, one.end))
            found.append(one)
    return sorted(found, key=lambda one: one.start)


def _figures(text: str) -> Iterator[Amount]:
    for at in FIGURES.finditer(text):
        value = float(re.sub(r"\D", "", at["whole"]) + (at["part"] or ""))
        value *= SUFFIXES.get((at["scale"] or "").lower(), 1)
        decade = at["decade"] and value >= 10  # noqa: PLR2004 - 5s is no decade
        unit = at["money"] or ("%" if at["share"] else "th" if at["th"] else "s" if decade else "")
        yield Amount(value % 100 if decade else value, unit, at[0], at.start(), at.end())


def _spoken(text: str) -> Iterator[Amount]:
    for at in SPOKEN.finditer(text):
        said = [word for word in re.split(r"[\s-]+", at["said"].lower()) if word != "and"]
        if said == ["one"] and not at["share"] and not at["more"]:
            continue
        value = _value(said) * (0.5 if at["half"] else 1)
        if at["more"]:
            value = (value + 0.5 * SCALES.get(said[-1], 1)) * SCALES.get((at["of"] or "").lower(), 1)
        unit = "%" if at["share"] else "many" if at["many"] and said[-1] in SCALES else ""
        yield Amount(value, unit, at[0], at.start(), at.end())


def _value(said: list[str]) -> float:
    """Add up the words of a number: two hundred and five thousand is 205,000."""
    total, group = 0.0, 0.0
    for word in said:
        if word in SCALES:
            group = (group or 1) * SCALES[word]
            if SCALES[word] >= SCALES["thousand"]:
                total, group = total + group, 0.0
        else:
            group += UNITS.get(word, 0) + TENS.get(word, 0)
    return total + group


def _others(text: str) -> Iterator[Amount]:
    for at in ORDINAL.finditer(text):
        yield Amount(ORDINALS[at["said"].lower()], "th", at[0], at.start(), at.end())
    for at in FIRST.finditer(text):
        yield Amount(1, "th", at[0], at.start(), at.end())
    for at in DECADE.finditer(text):
        yield Amount(DECADES[at[1].lower()], "s", at[0], at.start(), at.end())
    for place, sign in enumerate(text):
        if category(sign) == "No":
            yield Amount(numeric(sign), "", sign, place, place + 1)
    for at in TWICE.finditer(text):
        yield Amount(2 if at[1].lower() == "twice" else 3, "", at[0], at.start(), at.end())
