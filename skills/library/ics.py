"""A calendar of whole days as text (RFC 5545): lines end with CRLF and are folded at 75 octets."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

MOST_OCTETS = 75
ESCAPED = str.maketrans({"\\": r"\\", ";": r"\;", ",": r"\,", "\n": r"\n", "\r": None})


class Entry(NamedTuple):
    """From the first to the last day; `uid` stays the same when the entry is made anew."""

    uid: str
    first: date
    last: date
    title: str
    note: str


def calendar(entries: Iterable[Entry], made: datetime) -> str:
    """Return a VCALENDAR with one event for each entry."""
    stamp = made.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//totalaud//campaign plan//EN", "CALSCALE:GREGORIAN"]
    for entry in entries:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{entry.uid}",
            f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{entry.first:%Y%m%d}",
            f"DTEND;VALUE=DATE:{entry.last + timedelta(days=1):%Y%m%d}",
            f"SUMMARY:{_text(entry.title)}",
            f"DESCRIPTION:{_text(entry.note)}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _text(value: str) -> str:
    printable = "".join(one for one in value if one >= " " or one == "\n")
    return printable.translate(ESCAPED)


def _folded(line: str) -> list[str]:
    """Cut a line between characters; what follows begins with a blank, which counts."""
    parts, current, octets = list[str](), "", 0
    for one in line:
        size = len(one.encode())
        if octets + size > MOST_OCTETS:
            parts.append(current)
            current, octets = " ", 1
        current += one
        octets += size
    return [*parts, current]
