"""A CSV file in pieces that fit into a message, cut between rows; each line is found again in the file."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from shared.csvtext import DELIMITERS, header_at, lines_of, record
from shared.refusal import Refusal

MAX_ROWS = 2000
MAX_BYTES = 1_000_000
_QUOTED = re.compile(r'"[^"]*"')


class Row(NamedTuple):
    """A record of the file: its first and its last line, counted from 1, and its text.

    A `broken` one may begin a quotation that other lines would end.
    """

    line: int
    end: int
    text: str
    broken: bool

    @property
    def size(self) -> int:
        return len(self.text.encode())


@dataclass(frozen=True, slots=True)
class Piece:
    """CSV text that begins as the file does, header and all; `begun` has each row's line in it."""

    text: str
    rows: tuple[Row, ...]
    begun: tuple[int, ...]

    def line(self, number: int) -> int:
        """Return the file's line of a line of the piece."""
        at = bisect_right(self.begun, number) - 1
        return number if at < 0 else self.rows[at].line + number - self.begun[at]


def pieces(
    text: str,
    alike: Mapping[int, str] | None = None,
    *,
    max_rows: int = MAX_ROWS,
    max_bytes: int = MAX_BYTES,
) -> Iterator[Piece]:
    """Yield the file's rows in order; a file of a header alone is one piece without rows.

    Rows whose lines have the same word in `alike` stand in one piece, unless they fill several; other rows
    come after all of these. A broken row ends its piece then: it would swallow rows that did not follow it.
    """
    lines = lines_of(text)
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += "\n"
    header = header_at(lines)
    delimiter = _delimiter(lines[header] if header is not None else "")
    start = len(lines) if header is None else record(lines, header, delimiter)[1]
    top = lines[:start]
    room = max_bytes - len("".join(top).encode())
    piece, size = list[Row](), 0
    for group in _together(_rows(lines, start, delimiter), alike or {}):
        full = len(piece) + len(group) > max_rows or size + sum(row.size for row in group) > room
        if piece and (full or (alike and piece[-1].broken)):
            yield _piece(top, piece)
            piece, size = [], 0
        for row in group:
            if row.size > room:
                raise Refusal(
                    "too_large",
                    f"line {row.end}",
                    f"the row that ends on line {row.end} is too long to be sent",
                )
            if piece and (len(piece) == max_rows or size + row.size > room):
                yield _piece(top, piece)
                piece, size = [], 0
            piece.append(row)
            size += row.size
    yield _piece(top, piece)


def _rows(lines: list[str], start: int, delimiter: str) -> Iterator[Row]:
    while start < len(lines):
        cells, end = record(lines, start, delimiter)
        yield Row(start + 1, end, "".join(lines[start:end]), not cells and '"' in lines[start])
        start = end


def _together(rows: Iterator[Row], alike: Mapping[int, str]) -> Iterator[list[Row]]:
    known, others = dict[str, list[Row]](), list[list[Row]]()
    for row in rows:
        if which := alike.get(row.line):
            known.setdefault(which, []).append(row)
        else:
            others.append([row])
    yield from (*known.values(), *others)


def _piece(top: Sequence[str], rows: Sequence[Row]) -> Piece:
    begun, line = list[int](), len(top) + 1
    for row in rows:
        begun.append(line)
        line += row.end - row.line + 1
    return Piece("".join([*top, *(row.text for row in rows)]), tuple(rows), tuple(begun))


def _delimiter(header: str) -> str:
    """Return what stands between columns, not in the name of one."""
    return max(DELIMITERS, key=_QUOTED.sub("", header).count)
