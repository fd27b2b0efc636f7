"""Importing and erasing contacts."""

from typing import Any
from uuid import UUID

from totalaud.csvfile import decode, pieces
from totalaud.door import Door

IMPORT_S = 120.0
Report = dict[str, Any]


async def import_csv(door: Door, user: UUID, data: bytes, *, dry_run: bool = False) -> Report:
    """Send a CSV file's content in pieces; return the counts of all and the rows' errors, by the file's lines."""
    total: Report = {}
    for piece in pieces(decode(data)):
        body = {"csv": piece.text, "dry_run": dry_run}
        answer = await door.ask(user, "contacts", "import", body, once_s=IMPORT_S)
        total = add(total, answer, piece.offset)
    return total


def add(total: Report, answer: Report, offset: int) -> Report:
    """Add a piece's report to that of the pieces before: counts summed, lists joined, lines moved."""
    joined = dict(total)
    for name, value in answer.items():
        match value:
            case bool():
                joined[name] = joined.get(name, True) and value
            case int() if name != "seq":
                joined[name] = joined.get(name, 0) + value
            case list():
                joined[name] = joined.get(name, []) + [_moved(each, offset) for each in value]
            case _:
                joined[name] = value
    return joined


def _moved(each: Any, offset: int) -> Any:
    if isinstance(each, dict) and isinstance(each.get("line"), int):
        return {**each, "line": each["line"] + offset}
    return each
