"""Records as tables: a few columns always, and of those that tell more what the terminal has room for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from totalaud.cli import show
from totalaud.cli.table import Table, words

BETWEEN = 2
ALWAYS: dict[str, tuple[str, ...]] = {
    "contacts": ("name", "email", "outlet", "state"),
    "artists": ("name", "genres", "whose", "facts"),
    "releases": ("artist", "title", "type", "date"),
    "campaigns": ("name", "artist", "goal", "state", "sent", "replied", "placed"),
    "outreach": ("at", "campaign", "contact", "event"),
    "opportunities": ("title", "kind", "deadline", "cost"),
    "coverage": ("date", "artist", "outlet", "title"),
}
MORE: dict[str, tuple[str, ...]] = {
    "contacts": ("type", "role", "genres", "regions", "id"),
    "artists": ("location", "mbid", "id"),
    "releases": ("isrc", "links", "id"),
    "campaigns": ("release", "genres", "contacts", "created", "id"),
    "outreach": ("outlet", "channel", "template", "category", "id"),
    "opportunities": ("opens", "genres", "regions", "url", "id"),
    "coverage": ("kind", "genres", "url"),
}
COPIED = ("email",)
RIGHT = ("sent", "replied", "placed", "contacts", "facts", "cost")
Row = Mapping[str, Any]


def listed(noun: str, rows: Iterable[Row], width: int | None = None) -> Table:
    """Make the table of a list; `width` is the terminal's."""
    terminal = width or show.console().width
    cells = _chosen(noun, rows, terminal)
    whole = [name for name in COPIED if name in cells and _width(name, cells[name]) <= terminal // 2]
    by_row = list(zip(*cells.values(), strict=True))
    return Table(tuple(cells), by_row, right=RIGHT, whole=whole, gap=BETWEEN - 1)


def _chosen(noun: str, rows: Iterable[Row], terminal: int) -> dict[str, list[Any]]:
    """Return the cells of the columns that there is room for."""
    found = list(rows)
    cells = {name: [_cell(row, name) for row in found] for name in ALWAYS[noun]}
    room = terminal - sum(map(_width, cells, cells.values()))
    for name in MORE[noun]:
        more = [_cell(row, name) for row in found]
        if (needed := _width(name, more)) <= room:
            cells[name] = more
            room -= needed
    return cells


def _width(name: str, values: Iterable[Any]) -> int:
    from rich.cells import cell_len

    return BETWEEN + max(len(name), *(cell_len(words(value)) for value in values), 0)


def _cell(row: Row, column: str) -> Any:
    made = MADE.get(column)
    return row.get(column) if made is None else made(row)


def _state(row: Row) -> str | None:
    if row.get("erased"):
        return "erased"
    if row.get("suppressed"):
        return "suppressed"
    if "closed_at" in row:
        return "closed" if row["closed_at"] else "open"
    return None


def _event(row: Row) -> Any:
    return f"{row['event']} (corrected)" if row.get("corrected") else row["event"]


def _facts(row: Row) -> Any:
    facts = row["facts"]
    return len(facts) if isinstance(facts, Sequence) else facts


def _minute(row: Row) -> str | None:
    at = row["at"]
    return at.astimezone().strftime("%Y-%m-%d %H:%M") if isinstance(at, datetime) else at


def _day(row: Row) -> str | None:
    created = row["created_at"]
    return created.astimezone().strftime("%Y-%m-%d") if isinstance(created, datetime) else created


def _cost(row: Row) -> str | None:
    if row.get("cost") is None:
        return None
    return f"{row['cost']:.15g} {row.get('currency') or ''}".strip()


def _whose(row: Row) -> str:
    return "mine" if row["mine"] else "to compare with"


MADE: dict[str, Callable[[Row], Any]] = {
    "state": _state,
    "event": _event,
    "facts": _facts,
    "at": _minute,
    "created": _day,
    "cost": _cost,
    "whose": _whose,
}
