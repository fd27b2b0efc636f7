"""Importing a file of records, in pieces that fit into a message."""

from typing import Any
from uuid import UUID

from shared.csvtext import decode
from totalaud.csvfile import Piece, pieces
from totalaud.door import Door

IMPORT_S = 120.0
COUNTS = ("imported", "unchanged", "duplicates", "failed", "total")
LISTS = ("errors", "repeated")
LINES = ("objections",)
NAMES = ("ignored", "created")
KEPT = ("dry_run",)
Report = dict[str, Any]


async def import_file(
    door: Door, user: UUID, noun: str, data: bytes, given: dict[str, Any], *, dry_run: bool = False
) -> Report:
    """Send a CSV file's content in pieces; return all counts and the rows' errors, by the file's lines.

    Where there are several, each is tried first: rows that speak of the same have to be sent together.
    """

    async def send(piece: Piece, *, dry_run: bool) -> Report:
        body = {**given, "csv": piece.text, "dry_run": dry_run}
        return await door.ask(user, noun, "import", body, once_s=IMPORT_S)

    text, total = decode(data), Report()
    cut = [*pieces(text)]
    if len(cut) > 1:
        tried = [(piece, await send(piece, dry_run=True)) for piece in cut]
        alike = {
            piece.line(line): which for piece, told in tried for line, which in told.get("identities", ())
        }
        cut = [*pieces(text, alike)]
    for piece in cut:
        total = add(total, await send(piece, dry_run=dry_run), piece)
    return total


def add(total: Report, answer: Report, piece: Piece) -> Report:
    """Add a piece's report to that of the pieces before: counts summed, lists joined, lines moved."""
    joined = {**total, **{name: answer[name] for name in KEPT if name in answer}}
    for name in COUNTS:
        joined[name] = total.get(name, 0) + answer[name]
    for name in LISTS:
        moved = (_moved(each, piece) for each in answer.get(name, ()))
        joined[name] = sorted([*total.get(name, ()), *moved], key=lambda each: each["line"])
    for name in LINES:
        if name in answer:
            lines = map(piece.line, answer[name])
            joined[name] = sorted([*total.get(name, ()), *lines])
    for name in NAMES:
        if name in answer:
            joined[name] = list(dict.fromkeys([*total.get(name, ()), *answer[name]]))
    joined["seq"] = max(total.get("seq", 0), answer.get("seq", 0))
    return joined


def _moved(each: Report, piece: Piece) -> Report:
    return {name: piece.line(value) if name in ("line", "first") else value for name, value in each.items()}
