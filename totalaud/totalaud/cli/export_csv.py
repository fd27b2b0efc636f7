"""What is stored on one contact as a table, which no spreadsheet and no terminal obeys."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Any

from totalaud.cli.plain import plain
from totalaud.export import Export
from totalaud.record import as_json

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
COLUMNS = ("record", "number", "field", "value")


def as_csv(export: Export) -> str:
    """Write one line for each field; what a spreadsheet or a terminal would obey is made text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for line in _lines(export):
        writer.writerow([neutral(plain(cell)) for cell in line])
    return out.getvalue()


def neutral(cell: str) -> str:
    """Put an apostrophe before what could be run as a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULAS) else cell


def _lines(export: Export) -> Iterator[tuple[str, ...]]:
    for record in ("contact", "history", "outreach", "pitches", "texts"):
        rows = export[record] if isinstance(export[record], list) else [export[record]]
        for number, row in enumerate(rows, 1):
            for field, value in (row or {}).items():
                yield record, str(number), field, _cell(value)


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case date():
            return value.isoformat()
        case _:
            return as_json(value)
