"""One row's cells, strings or JSON values, read field by field; a fault names field and rule, no value."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from campaigns import values
from shared import json
from shared.refusal import Refusal

MOST_ENTRIES = MOST_ATTRIBUTES = 50
LONGEST_ENTRY = 100
SHORT, LINE, ADDRESS, TEXT = 50, 200, 2000, 5000
BEYOND = 1e15
YES = frozenset(
    {
        "yes", "y", "true", "1", "x", "checked", "\u2713", "\u2714", "\u2611", "ja", "wahr", "oui", "vrai",
        "s\u00ed", "s\u00ec", "si", "verdadero", "vero", "waar",
    }
)  # fmt: skip
NO = frozenset(
    {
        "no", "n", "false", "0", "unchecked", "\u2610", "nein", "falsch", "non", "faux", "falso", "nee",
        "onwaar",
    }
)  # fmt: skip
UNSEEN = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\u00ad\u061c\u200b\u200e\u200f\u2060\ufeff"
_QUOTED = re.compile(r'\A"([^"]*)"\Z')
_LIST = re.compile(r"[;|,\n\u060c\u061b\u3001\uff0c\uff1b]")

T = TypeVar("T")


class Fault(NamedTuple):
    """`field` None: the row as a whole."""

    field: str | None
    message: str


class Cells:
    """What is wrong gathers in `faults`; a cell that is empty, missing or wrong reads as None."""

    def __init__(self, cells: Mapping[str, Any], known: Collection[str]) -> None:
        self._cells = cells
        self.faults: list[Fault] = []
        if not cells.keys() <= set(known):
            self.fault(None, f"has an unknown field; known are: {', '.join(known)}")

    def fault(self, field: str | None, message: str) -> None:
        self.faults.append(Fault(field, message))

    def text(self, field: str, longest: int = LINE) -> str | None:
        value = self._cells.get(field)
        if value is None:
            return None
        if not isinstance(value, str):
            self.fault(field, "must be text")
            return None
        text = bare(value)
        long = f"longer than {longest} characters" if len(text) > longest else ""
        if fault := unstorable(text) or long:
            self.fault(field, fault)
            return None
        return text or None

    def need(self, *fields: str) -> None:
        """Fault those fields that are empty or missing."""
        for field in fields:
            value = self._cells.get(field)
            if value is None or (isinstance(value, str) and not bare(value)):
                self.fault(field, "is needed")

    def texts(self, field: str) -> tuple[str, ...]:
        """Return a list without repetitions, whatever its letter case.

        Text is split at `;`, `|` and `,`, as Arabic, Chinese and Japanese write them too; Mailchimp quotes
        each part.
        """
        value = self._cells.get(field)
        items = [] if value is None else value
        if isinstance(value, str):
            items = [_QUOTED.sub(r"\1", bare(item)) for item in _LIST.split(value)]
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            self.fault(field, "must be text or a list of texts")
            return ()
        tidy = {item.casefold(): item for item in map(bare, reversed(items)) if item}
        if len(tidy) > MOST_ENTRIES or any(len(item) > LONGEST_ENTRY for item in tidy):
            self.fault(field, f"more than {MOST_ENTRIES} entries, or one over {LONGEST_ENTRY} characters")
            return ()
        if broken := next(filter(None, map(unstorable, tidy.values())), ""):
            self.fault(field, broken)
            return ()
        return tuple(reversed(tidy.values()))

    def read(self, field: str, how: Callable[[str], T], longest: int = LINE) -> T | None:
        """Read a text by a function whose ValueError says the rule."""
        text = self.text(field, longest)
        if text is None:
            return None
        try:
            return how(text)
        except ValueError as error:
            self.fault(field, str(error))
            return None

    def number(self, field: str, how: Callable[[str], float] = values.number) -> float | None:
        value = self._cells.get(field)
        if not isinstance(value, int | float) or isinstance(value, bool):
            return self.read(field, how)
        if abs(value) < BEYOND:
            return float(value) or 0.0
        self.fault(field, "is out of range")
        return None

    def count(self, field: str, most: int | None = None) -> int | None:
        value = self.number(field, values.amount)
        if value is None:
            return None
        if not value.is_integer() or value < 0 or (most is not None and value > most):
            self.fault(field, f"is not a whole number from 0 {'on' if most is None else f'to {most}'}")
            return None
        return int(value)

    def flag(self, field: str, said: Callable[[str], bool | None] = lambda _: None) -> bool | None:
        """Read yes or no; `said` knows what else is written for it."""
        value = self._cells.get(field)
        if isinstance(value, bool):
            return value
        word = (self.text(field, SHORT) or "").casefold()
        if not word or word in YES | NO:
            return word in YES if word else None
        if (otherwise := said(word)) is None:
            self.fault(field, "is neither yes nor no")
        return otherwise

    def uuid(self, field: str) -> UUID | None:
        return self.read(field, _uuid)

    def one_of(self, field: str, meant: Callable[[str], str | None], words: Collection[str]) -> str | None:
        """Return what a word means, by a function that knows its other spellings."""
        text = self.text(field, SHORT)
        word = None if text is None else meant(text)
        if text is not None and word is None:
            self.fault(field, f"is none of {', '.join(words)}")
        return word


def bare(text: str) -> str:
    """Return a text without spaces and what cannot be seen around it, as marks of direction."""
    return text.strip(UNSEEN)


def unstorable(text: str) -> str:
    """Return why no store can hold the text, "" for nothing."""
    try:
        json.check(text)
    except Refusal as refusal:
        return refusal.message
    return ""


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ValueError("is not a UUID") from None
