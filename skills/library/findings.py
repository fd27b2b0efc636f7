"""The output of a skill, as a text about it may tell it: its words, its numbers and how they are rounded."""

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from library.claims import Sheet
from library.prose import PLACEHOLDER, tidy

IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}", re.IGNORECASE)
HASH = re.compile(r"[0-9a-f]{32,}", re.IGNORECASE)
LONGEST_TEXT, LONGEST_LIST = 600, 20
MOST_DIGITS = 20
DIGITS = range(4)
TELLING = (
    "text",
    "verdict",
    "title",
    "message",
    "summary",
    "why",
    "rule",
    "key",
    "name",
    "metric",
    "warnings",
)
Json = dict[str, Any]


def shown(value: Any) -> Any:
    """Leave out what is hidden, ids, and what is long; None for what has nothing left."""
    match value:
        case str():
            bare = IDS.fullmatch(value) or HASH.fullmatch(value) or PLACEHOLDER.search(value)
            return None if bare or len(value) > LONGEST_TEXT else value
        case dict():
            kept = {name: shown(inner) for name, inner in value.items()}
            return {name: inner for name, inner in kept.items() if inner not in (None, {}, [])} or None
        case list():
            return [inner for inner in map(shown, value[:LONGEST_LIST]) if inner is not None]
        case _:
            return value


def sheet_of(found: Json) -> Sheet:
    """Return what a text about the findings may say; how many there are of something is a finding too."""
    values = list(_values(found))
    numbers = {key for value in values if not isinstance(value, str) for key in _written(value)}
    names = {name.replace("_", " ") for name in _names(found)}
    return Sheet(
        texts=(*(tidy(value) for value in values if isinstance(value, str)), *names),
        numbers=frozenset(numbers),
    )


def sentences(found: Json) -> Iterator[str]:
    """Yield what the findings say in words, the more telling fields first."""
    told = [(_rank(name), value) for name, value in _named(found) if isinstance(value, str)]
    for rank, value in sorted(told, key=lambda one: one[0]):
        if rank < len(TELLING) and " " in value.strip():
            yield tidy(value)


def counts(found: Json) -> Iterator[str]:
    """Yield the plain whole numbers of the findings with their names."""
    for name, value in _named(found):
        if isinstance(value, int) and not isinstance(value, bool):
            yield f"{name.replace('_', ' ')}: {value}"


def _rank(name: str) -> int:
    return TELLING.index(name) if name in TELLING else len(TELLING)


def _values(value: Any) -> Iterator[Any]:
    match value:
        case dict():
            for inner in value.values():
                yield from _values(inner)
        case list():
            yield len(value)
            for inner in value:
                yield from _values(inner)
        case bool() | None:
            pass
        case _:
            yield value


def _named(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _named(inner, key)
        case list():
            for inner in value:
                yield from _named(inner, name)
        case _:
            yield name, value


def _names(value: Any) -> Iterator[str]:
    match value:
        case dict():
            yield from value
            for inner in value.values():
                yield from _names(inner)
        case list():
            for inner in value:
                yield from _names(inner)
        case _:
            pass


def _written(value: float) -> Iterator[tuple[float, str]]:
    """Yield how a number may be written: rounded, and a share as a percentage."""
    exact = abs(Decimal(str(value)))
    if exact.adjusted() > MOST_DIGITS:
        yield float(exact), ""
        return
    for digits in DIGITS:
        for how in (ROUND_HALF_UP, ROUND_HALF_EVEN):
            step = Decimal(1).scaleb(-digits)
            yield float(exact.quantize(step, how)), ""
            if exact <= 1 and digits < len(DIGITS) - 1:
                share = float((100 * exact).quantize(step, how))
                yield from ((share, "%"), (share, ""))
