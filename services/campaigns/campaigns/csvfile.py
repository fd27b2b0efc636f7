"""Somebody's CSV file: encoding and delimiter found out, records read one by one, broken ones named."""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from campaigns.cells import Fault
from campaigns.columns import Columns, alike, meant_for
from shared.refusal import Refusal

DELIMITERS = (",", ";", "\t", "|")
LONGEST_RECORD = 50
SNIFFED = 4096
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Record:
    """One record: the line it begins at, counted from 1, and its cells by field; or why it cannot be read."""

    line: int
    cells: dict[str, str]
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """What was read; `ignored` are the headers that mean nothing to us."""

    records: tuple[Record, ...]
    ignored: tuple[str, ...]


def read(data: bytes | str, columns: Columns) -> File:
    """Read a whole file; one of another kind is refused: its header lacks a column that is needed."""
    text = (decode(data) if isinstance(data, bytes) else data).removeprefix("\ufeff")
    lines = list(io.StringIO(text, newline=""))
    start = _first(lines)
    delimiter, cells, after = _header(lines, start, columns)
    fields = columns.fields_of(cells)
    ignored = tuple(
        cell.strip() for cell, field in zip(cells, fields, strict=True) if not field and cell.strip()
    )
    return File(tuple(_records(lines, after, delimiter, fields)), ignored)


def decode(data: bytes) -> str:
    """Read UTF-8, with or without a mark, UTF-16, and what Windows programs write where they must not."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    sample = data[:SNIFFED]
    if sample.count(0) > len(sample) // 4:
        little = sample[1::2].count(0) > sample[0::2].count(0)
        return data.decode("utf-16-le" if little else "utf-16-be", errors="replace")
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _first(lines: list[str]) -> int:
    """Pass over what may stand above the header: empty lines, remarks, a spreadsheet's `sep=;`."""
    for number, line in enumerate(lines):
        text = line.strip().strip('"')
        if text and not text.startswith("#") and not text.casefold().startswith("sep="):
            return number
    raise Refusal("empty_csv", "csv", "the file has no header line")


def _header(lines: list[str], start: int, columns: Columns) -> tuple[str, list[str], int]:
    read = [(delimiter, *_record(lines, start, delimiter)) for delimiter in DELIMITERS]
    delimiter, cells, after = max(read, key=lambda one: columns.count(one[1]))
    missing = columns.missing(columns.fields_of(cells))
    other = meant_for(cells, columns)
    if missing:
        other = next(filter(None, (alike(cells) for _, cells, _ in read)), None)
    if missing or other:
        raise Refusal("unknown_header", "csv", _other_kind(start + 1, columns, missing, other))
    return delimiter, cells, after


def _other_kind(line: int, columns: Columns, missing: list[tuple[str, ...]], other: Columns | None) -> str:
    """Say what was expected, and what the file looks like; nothing of it is quoted."""
    lacking = ", ".join(" or ".join(names) for names in missing)
    reasons = (
        f"no column for {lacking}" if missing else "",
        f"it looks like a file of {other.noun}" if other else "",
    )
    return (
        f"line {line} is no header of {columns.noun}: {'; '.join(filter(None, reasons))}. "
        f"Expected are {columns.expected()}; known are: {', '.join(columns.known)}"
    )


def _records(lines: list[str], start: int, delimiter: str, fields: list[str | None]) -> Iterator[Record]:
    while start < len(lines):
        line = start + 1
        cells, start = _record(lines, start, delimiter)
        if not cells:
            if lines[line - 1].strip():
                yield Record(line, {}, (Fault(None, "a quotation mark is not closed, or text follows one"),))
        elif len(cells) > len(fields) and any(cell.strip() for cell in cells[len(fields) :]):
            rule = f"{len(cells)} cells, but the header has {len(fields)} columns"
            yield Record(line, {}, (Fault(None, rule),))
        elif any(cell.strip() for cell in cells):
            yield Record(line, {field: cell for field, cell in zip(fields, cells, strict=False) if field})


def _record(lines: list[str], start: int, delimiter: str) -> tuple[list[str], int]:
    """Read one record; of a broken one only the first line is lost, not what follows."""
    taken = 0

    def feed() -> Iterator[str]:
        nonlocal taken
        for line in lines[start : start + LONGEST_RECORD]:
            taken += 1
            yield line

    try:
        cells = next(csv.reader(feed(), delimiter=delimiter, strict=True, skipinitialspace=True))
    except (csv.Error, StopIteration):
        return [], start + 1
    return cells, start + taken
