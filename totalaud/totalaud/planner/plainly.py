"""Tells outputs that have no words of their own, field by field."""

from itertools import chain
from typing import Any

from totalaud.planner.figures import Json, Lines, meta, rate
from totalaud.planner.telling import wrapped

RATE = {"k", "n", "mean", "lo", "hi"}
HIDDEN = {"ics", "references", "meta", "command"}


def anything(output: Json) -> Lines:
    """Tell an output that has no words of its own, field by field."""
    shown = {name: value for name, value in output.items() if name not in HIDDEN}
    return [*chain.from_iterable(_field(name, value) for name, value in shown.items()), *meta(output)]


def _field(name: str, value: Any, indent: str = "") -> Lines:
    label = name.replace("_", " ")
    match value:
        case None | []:
            return []
        case dict() if set(value) >= RATE:
            return wrapped(f"{label}: {rate(value)}", indent, f"{indent}  ")
        case dict():
            inner = chain.from_iterable(_field(key, one, f"{indent}  ") for key, one in value.items())
            return [f"{indent}{label}:", *inner]
        case [dict(), *_]:
            return [f"{indent}{label}:", *chain.from_iterable(_row(one, f"{indent}  ") for one in value)]
        case list():
            return wrapped(f"{label}: {', '.join(map(str, value))}", indent, f"{indent}  ")
        case float():
            return [f"{indent}{label}: {value:.4g}"]
        case str() if "\n" in value:
            return [f"{indent}{label}:", *chain.from_iterable(map(wrapped, value.splitlines()))]
        case _:
            return wrapped(f"{label}: {value}", indent, f"{indent}  ")


def _row(row: Json, indent: str) -> Lines:
    cells = ((name, value) for name, value in row.items() if value not in (None, [], {}))
    return wrapped("; ".join(_cell(name, value) for name, value in cells), f"{indent}- ", f"{indent}  ")


def _cell(name: str, value: Any) -> str:
    match value:
        case dict() if set(value) >= RATE:
            return rate(value)
        case float():
            return f"{name.replace('_', ' ')} {value:.3g}"
        case _:
            return str(value) if name in {"name", "metric", "key"} else f"{name.replace('_', ' ')} {value}"
