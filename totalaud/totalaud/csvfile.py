"""A CSV file in pieces that fit into a message, cut between rows; line numbers stay those of the file."""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from shared.refusal import Refusal

MAX_ROWS = 2000
MAX_BYTES = 1_000_000
DELIMITERS = ",;\t|"
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """CSV text that begins with the file's header; `offset` makes a line of it one of the file."""

    text: str
    rows: int
    offset: int


def decode(data: bytes) -> str:
    """Read UTF-8 (with or without its mark), UTF-16 with one, else Windows-1252."""
    for mark, encoding in MARKS.items():
        if data.startswith(mark):
            return data.decode(encoding)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def pieces(text: str, *, max_rows: int = MAX_ROWS, max_bytes: int = MAX_BYTES) -> Iterator[Piece]:
    """Yield the file's rows in order; a file of a header alone is one piece without rows."""
    rows = _rows(text)
    header, after_header = next(rows, ("", 0))
    room = max_bytes - len(header.encode())
    taken: list[str] = []
    size, first = 0, after_header
    for row, end in rows:
        length = len(row.encode())
        if length > room:
            raise Refusal(
                "too_large", f"line {end}", f"the row that ends on line {end} is too long to be sent"
            )
        if taken and (len(taken) == max_rows or size + length > room):
            yield Piece(header + "".join(taken), len(taken), first - after_header)
            taken, size, first = [], 0, end - _lines(row)
        taken.append(row)
        size += length
    yield Piece(header + "".join(taken), len(taken), first - after_header)


def _rows(text: str) -> Iterator[tuple[str, int]]:
    """Yield each row's text and the number of its last line, the header first."""
    lines = list(io.StringIO(text, newline=""))
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += "\n"
    reader = csv.reader(lines, delimiter=_delimiter(lines[0] if lines else ""))
    start = 0
    while True:
        try:
            next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            line = f"line {reader.line_num}"
            raise Refusal("malformed_csv", line, f"{line} cannot be read as CSV: {error}") from None
        yield "".join(lines[start : reader.line_num]), reader.line_num
        start = reader.line_num


def _delimiter(header: str) -> str:
    return max(DELIMITERS, key=header.count)


def _lines(row: str) -> int:
    return len(list(io.StringIO(row, newline="")))
