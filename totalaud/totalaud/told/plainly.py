"""Tells outputs that have no words of their own, field by field."""

from collections.abc import Mapping
from itertools import chain
from typing import Any

from totalaud.record import as_json
from totalaud.told.figures import Json, Lines, meta, rate
from totalaud.told.lines import all_wrapped, counted, wrapped

RATE = ("k", "n", "mean", "lo", "hi")
BARE = {"name", "metric", "key"}
MOST_LINES = 60
DEEPEST = 12
SMALL = 0.001


def anything(output: Any) -> Lines:
    """Tell whatever it is: texts whole, of each list and object inside of it the first sixty lines."""
    if not isinstance(output, Mapping):
        return _outermost("output", output)
    about = output.get("meta")
    ours = isinstance(about, Mapping) and "basis" in about
    shown = {name: value for name, value in output.items() if not (ours and name == "meta")}
    lines = list(chain.from_iterable(_outermost(*one) for one in shown.items()))
    return [*(lines or ["There is nothing in it."]), *(meta(output) if ours else [])]


def _outermost(name: str, value: Any) -> Lines:
    label, *within = _field(name, value)
    more = len(within) - MOST_LINES
    if more <= 0 or isinstance(value, str):
        return [label, *within]
    return [label, *within[:MOST_LINES], f"  and {counted(more, 'more line')}"]


def _field(name: str, value: Any, indent: str = "") -> Lines:
    label, within = name.replace("_", " "), f"{indent}  "
    if isinstance(value, str) and "\n" in value:
        return [f"{indent}{label}:", *all_wrapped(value.splitlines(), within, within)]
    if _is_short(value):
        return wrapped(f"{label}: {_short(value)}", indent, within)
    if len(indent) >= DEEPEST:
        return wrapped(f"{label}: {as_json(value)}", indent, within)
    if isinstance(value, dict):
        return [f"{indent}{label}:", *_fields(value, within)]
    return [f"{indent}{label}:", *chain.from_iterable(_row(one, within) for one in value)]


def _fields(value: Json, indent: str) -> Lines:
    return list(chain.from_iterable(_field(name, one, indent) for name, one in value.items()))


def _row(row: Any, indent: str) -> Lines:
    """Tell what is flat in one go, and of the rest each field by itself."""
    if not isinstance(row, dict):
        return wrapped(_short(row) if _is_short(row) else as_json(row), f"{indent}- ", f"{indent}  ")
    there = {name: one for name, one in row.items() if one not in (None, [], {})}
    if there and all(_is_short(one) for one in there.values()):
        return wrapped("; ".join(_cell(*one) for one in there.items()), f"{indent}- ", f"{indent}  ")
    first, *rest = _fields(there, f"{indent}  ") or [f"{indent}  none"]
    return [f"{indent}- {first.strip()}", *rest]


def _cell(name: str, value: Any) -> str:
    bare = name in BARE or (isinstance(value, dict) and value)
    return _short(value) if bare else f"{name.replace('_', ' ')} {_short(value)}"


def _is_short(value: Any) -> bool:
    """Tell whether it is told in a few words: a value, a rate, or a list of values."""
    match value:
        case dict():
            return not value or _is_rate(value)
        case list():
            return not any(isinstance(one, dict | list) for one in value)
        case str():
            return "\n" not in value
        case _:
            return True


def _is_rate(value: Json) -> bool:
    """Tell whether it is a rate as ours are, shares or days, and nothing beside."""
    figures = [one for name in RATE if isinstance(one := value.get(name), int | float)]
    if len(figures) < len(RATE) or value.keys() - {*RATE, "method"}:
        return False
    return str(value.get("method")).startswith("days") or all(0 <= one <= 1 for one in figures[2:])


def _short(value: Any) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.3g}" if abs(value) < SMALL else str(round(value, 4))
        case dict():
            return rate(value) if value else "none"
        case list():
            return ", ".join(map(_short, value)) or "none"
        case _:
            return str(value)
