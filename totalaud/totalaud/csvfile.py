"""A CSV file in pieces that fit into a message, cut between rows; line numbers stay those of the file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.csvtext import DELIMITERS, header_at, lines_of, record
from shared.refusal import Refusal

MAX_ROWS = 2000
MAX_BYTES = 1_000_000
_QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Piece:
    """CSV text that begins as the file does, header and all; `offset` makes a line of it one of the file."""

    text: str
    rows: int
    offset: int


def pieces(text: str, *, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> Iterator[Piece]:
    """Yield the file's rows in order; a file of a header alone is one piece without rows."""
    lines = lines_of(text)
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += "\n"
    header = header_at(lines)
    delimiter = _delimiter(lines[header] if header is not None else "")
    first = start = len(lines) if header is None else record(lines, header, delimiter)[1]
    top = "".join(lines[:start])
    room = max_bytes - len(top.encode())
    offset, size, rows = 0, 0, 0
    while start < len(lines):
        _, end = record(lines, start, delimiter)
        length = len("".join(lines[start:end]).encode())
        if length > room:
            raise Refusal(
                "too_large", f"line {end}", f"the row that ends on line {end} is too long to be sent"
            )
        if rows and (rows == max_rows or size + length > room):
            yield Piece(top + "".join(lines[first + offset : start]), rows, offset)
            offset, size, rows = start - first, 0, 0
        size, rows, start = size + length, rows + 1, end
    yield Piece(top + "".join(lines[first + offset :]), rows, offset)


def _delimiter(header: str) -> str:
    """Return what stands between columns, not in the name of one."""
    return max(DELIMITERS, key=_QUOTED.sub("", header).count)
