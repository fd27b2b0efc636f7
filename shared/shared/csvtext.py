"""Somebody's CSV file as text and lines: what whoever cuts it into messages and whoever reads it agree on."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence

from shared.refusal import Refusal

DELIMITERS = (",", ";", "\t", "|")
LONGEST_RECORD = 250
SNIFFED = 4096
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_REMARK = re.compile(r'#(?!"?[,;\t|])|sep=', re.IGNORECASE)


def decode(data: bytes) -> str:
    """Read UTF-8, with or without a mark, UTF-16, and what Windows and old Mac programs write instead.

    Which of these it is, is found out line by line: files are put together from others. Where lines end with
    CR alone, it is an old Mac's. A workbook is refused: its first line would be told as a header that lacks
    everything.
    """
    if data.startswith(WORKBOOKS):
        raise Refusal("not_text", "csv", "the file is a workbook or an archive: save the sheet as CSV")
    if data.startswith(UTF_16):
        return data.decode("utf-16", errors="replace")
    sample = data[:SNIFFED]
    if sample.count(0) > len(sample) // 4:
        little = sample[1::2].count(0) > sample[0::2].count(0)
        return data.decode("utf-16-le" if little else "utf-16-be", errors="replace")
    old = "mac_roman" if b"\r" in data and b"\n" not in data else "cp1252"
    lines = data.removeprefix(codecs.BOM_UTF8).splitlines(keepends=True)
    return "".join(_line(line, old) for line in lines)


def _line(data: bytes, old: str) -> str:
    for encoding in ("utf-8", old):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            pass
    return data.decode("latin-1")


def lines_of(text: str) -> list[str]:
    """Return the lines with their ends, whichever these are."""
    return list(io.StringIO(text.removeprefix("\ufeff"), newline=""))


def header_at(lines: Sequence[str]) -> int | None:
    """Pass over what may stand above the header: empty lines, remarks, a spreadsheet's `sep=;`.

    A column may be called `#`: that is no remark.
    """
    for number, line in enumerate(lines):
        text = line.strip().strip('"')
        if text and not _REMARK.match(text):
            return number
    return None


def record(lines: Sequence[str], start: int, delimiter: str) -> tuple[list[str], int]:
    """Return a record's cells, and where the next one begins; of a broken one only the first line is lost."""
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
