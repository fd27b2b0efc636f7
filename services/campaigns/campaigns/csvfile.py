"""Somebody's CSV file: encoding and delimiter found out, records read one by one, broken ones named."""

from collections.abc import Iterator
from dataclasses import dataclass

from campaigns.cells import Fault
from campaigns.columns import Columns, Telling, alike, meant_for, names
from shared.csvtext import DELIMITERS, decode, header_at, lines_of, record
from shared.refusal import Refusal

MOST_COLUMNS = 150_000


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


@dataclass(frozen=True, slots=True)
class _Header:
    """`names` are its cells as they are compared, `after` the index of the line behind it."""

    delimiter: str
    cells: list[str]
    names: list[str]
    after: int


def read(data: bytes | str, columns: Columns) -> File:
    """Read a whole file; one of another kind is refused: its header lacks a column that is needed."""
    lines = lines_of(decode(data) if isinstance(data, bytes) else data)
    if (start := header_at(lines)) is None:
        raise Refusal("empty_csv", "csv", "the file has no header line")
    header = _header(lines, start, columns)
    meant = zip(header.cells, columns.fields_of(header.names), columns.heavy(header.names), strict=True)
    ignored = tuple(cell.strip() for cell, *fields in meant if not any(fields) and cell.strip())
    return File(tuple(_records(lines, header, columns)), ignored)


def _header(lines: list[str], start: int, columns: Columns) -> _Header:
    read = [_split(lines, start, delimiter) for delimiter in DELIMITERS]
    header = max(read, key=lambda one: (columns.count(one.names), len(one.names)))
    missing = columns.missing(header.names)
    other = meant_for(header.names, columns)
    if missing:
        other = next(filter(None, (alike(one.names) for one in read)), None)
    if missing or other:
        raise Refusal("unknown_header", "csv", _other_kind(start + 1, columns, missing, other))
    return header


def _split(lines: list[str], start: int, delimiter: str) -> _Header:
    cells, after = record(lines, start, delimiter)
    if len(cells) > MOST_COLUMNS:
        why = f"line {start + 1} is no header: it has more than {MOST_COLUMNS} columns"
        raise Refusal("unknown_header", "csv", why)
    return _Header(delimiter, cells, names(cells), after)


def _other_kind(line: int, columns: Columns, missing: list[tuple[str, ...]], other: Columns | None) -> str:
    """Say what was expected, and what the file looks like; nothing of it is quoted."""
    lacking = ", ".join(" or ".join(names) for names in missing)
    reasons = (
        f"no column for {lacking}" if missing else "",
        f"it looks like a file of {other.noun}" if other else "",
    )
    found = "; ".join(filter(None, reasons))
    expected = "" if lacking == columns.expected() else f"expected are {columns.expected()}; "
    known = ", ".join(columns.known)
    return f"line {line} is no header of {columns.noun}: {found}; {expected}known are: {known}"


def _records(lines: list[str], header: _Header, columns: Columns) -> Iterator[Record]:
    fields, heavy = columns.fields_of(header.names), columns.heavy(header.names)
    meant = [(at, field) for at, field in enumerate(fields) if field]
    start = header.after
    while start < len(lines):
        line = start + 1
        cells, start = record(lines, start, header.delimiter)
        if not cells:
            if lines[line - 1].strip():
                yield Record(line, {}, (Fault(None, "a quotation mark is not closed, or text follows one"),))
        elif any(cell.strip() for cell in cells[len(fields) :]):
            rule = f"{len(cells)} cells, but the header has {len(fields)} columns"
            yield Record(line, {}, (Fault(None, rule),))
        elif any(cell.strip() for cell in cells):
            told = {field: cells[at] if at < len(cells) else "" for at, field in meant}
            others = [cell for field, cell in zip(fields, cells, strict=False) if not field]
            weighed = ((field, cell) for field, cell in zip(heavy, cells, strict=False) if field)
            told |= {field: cell for field, cell in weighed if columns.heavier[field](cell)}
            yield Record(line, told, tuple(_passed_over(told, others, columns.telling)))


def _passed_over(told: dict[str, str], others: list[str], telling: Telling) -> Iterator[Fault]:
    """Name what is told by a cell alone, where the field that it is meant for is empty."""
    for field, tells in telling.items():
        if not told.get(field, "").strip() and any(map(tells, others)):
            rule = f"stands in a column that means nothing here: call it {field}, or leave it out"
            yield Fault(field, rule)
