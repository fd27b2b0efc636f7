"""Rows as CSV that a spreadsheet opens without running anything of it."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write rows below their columns; numbers as they are, None as nothing."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def neutral(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULAS) else text


def _cell(value: Any) -> Any:
    match value:
        case None:
            return ""
        case str():
            return neutral(value)
        case float():
            return f"{value:.6g}"
        case _:
            return value
