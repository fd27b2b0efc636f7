"""What a text claims and nobody gave: numbers, dates, names, links, quotes, and words such as award.

Words in other letters than those of English are claims too, and such with something hidden in them. Only
what can be told by form is found: an invented fact in plain small words ("her mother taught piano") is not.
What is in doubt counts as a claim.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Literal, NamedTuple

from library import days, prose
from library.amounts import amounts
from library.english import CLAIMED, CLAIMED_PHRASES, stem
from library.names import Known, unknown_names

SHOWN = 60
OF_PICTURES = {"\u200d", "\ufe0f"}
Kind = Literal["letters", "link", "quote", "date", "number", "name", "claim"]


class Claim(NamedTuple):
    kind: Kind
    text: str


@dataclass(frozen=True)
class Sheet:
    """What may be said: texts that may be repeated, names as they are written, links, whole days, numbers.

    With `today`, dates that count from it are known.
    """

    texts: tuple[str, ...]
    names: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    dates: tuple[date, ...] = ()
    numbers: frozenset[tuple[float, str]] = frozenset()
    today: date | None = None

    @cached_property
    def known(self) -> Known:
        return Known([*self.texts, *self.names])

    @cached_property
    def flat(self) -> str:
        return "\n".join(map(prose.flat, [*self.texts, *self.names]))

    @cached_property
    def whole_days(self) -> list[days.Said]:
        told = [one for text in self._plain for one in days.days(text, self.today)]
        return [*map(days.given, self.dates), *told]

    @cached_property
    def counts(self) -> set[tuple[float, str]]:
        return {one.key for text in self._plain for one in amounts(text)} | self.numbers

    @cached_property
    def stems(self) -> set[str]:
        return {stem(word) for word in self.known.words}

    @cached_property
    def addresses(self) -> set[str]:
        told = [one.text for text in [*self.texts, *self.names] for one in prose.links(text)]
        return {_address(link) for link in [*self.links, *told]}

    @cached_property
    def letters(self) -> set[str]:
        return {letter for text in [*self.texts, *self.names, *self.links] for letter in text}

    @property
    def _plain(self) -> list[str]:
        return [prose.without_names(text, self.names) for text in self.texts]


def unsupported(text: str, sheet: Sheet, *, title: bool = False) -> list[Claim]:
    """Return what the sheet does not support; of a `title` each word may be capitalised."""
    text = unicodedata.normalize("NFC", prose.PLACEHOLDER.sub(prose.MASK, text))
    found = [Claim("letters", word) for word in text.split() if _disguised(word, sheet.letters)]
    for seen in (prose.endless, prose.links):
        spans = list(seen(text))
        found += [Claim("link", one.text) for one in spans if _address(one.text) not in sheet.addresses]
        text = prose.masked(text, spans)
    spans = list(prose.quoted(text))
    said = [one for one in spans if not _verbatim(one.text, sheet)]
    found += [Claim("quote", one.text) for one in said]
    text = prose.masked(text, [one for one in spans if one not in said])
    text = prose.without_names(text, sheet.names)
    dated = days.days(text, sheet.today)
    found += [Claim("date", one.text) for one in dated if not _dated(one, sheet)]
    text = prose.masked(text, dated)
    counted = amounts(text)
    found += [Claim("number", one.text) for one in counted if one.key not in sheet.counts]
    words = prose.masked(text, counted)
    found += [Claim("name", name) for name in unknown_names(words, sheet.known, title=title)]
    return [*found, *_claims(text, sheet)]


def _claims(text: str, sheet: Sheet) -> Iterator[Claim]:
    for word in prose.words(text.lower()):
        parts = {word, *word.split("-")}
        claims = {part for part in parts if part in CLAIMED or part.removesuffix("s") in CLAIMED}
        if claims and not {stem(part) for part in {word, *claims}} & sheet.stems:
            yield Claim("claim", word)
    flat = prose.flat(text)
    yield from (
        Claim("claim", phrase) for phrase in CLAIMED_PHRASES if phrase in flat and phrase not in sheet.flat
    )


def _disguised(word: str, given: set[str]) -> bool:
    """Tell a word that is not seen as it is read here; after the sign of a picture some more are hidden."""
    return any(
        letter not in given and prose.odd(letter) and (before.isalnum() or letter not in OF_PICTURES)
        for before, letter in pairwise(f"x{word}")
    )


def _verbatim(said: str, sheet: Sheet) -> bool:
    inside = prose.flat(said).strip(" .,;:!?…")
    return bool(inside) and inside in sheet.flat


def _dated(said: days.Said, sheet: Sheet) -> bool:
    if any(said.says(one) for one in sheet.whole_days):
        return True
    return (
        (float(said.text), "") in sheet.counts if said.text.isdigit() else prose.flat(said.text) in sheet.flat
    )


def _address(link: str) -> str:
    return link.casefold().removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/")


def told(claims: Iterable[Claim]) -> str:
    """Say which claims nobody gave, for whoever has to put it right."""
    said = dict.fromkeys(f"{one.kind} “{one.text[:SHOWN]}”" for one in claims)
    return "not in what was given: " + "; ".join(said)
