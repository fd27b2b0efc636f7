"""Somebody's calendar (RFC 5545) as records of opportunities: what is open on some days, or due on one.

Read on purpose: folded lines, escapes, parameters in quotes, days and times, zones, durations. A day is that
of the calendar's own clock; of times in UTC the zone that the calendar names. Repeating entries are refused
by line: which of their days was meant cannot be told.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns import values
from campaigns.cells import Fault
from campaigns.csvfile import File, Record
from campaigns.market_rows import kind_of
from shared.refusal import Refusal

COMPONENTS = {"VEVENT": "DTSTART", "VTODO": "DUE"}
TAKEN = {
    "SUMMARY", "DTSTART", "DTEND", "DUE", "DURATION", "URL", "CATEGORIES", "UID", "STATUS", "RRULE", "RDATE",
    "RECURRENCE-ID",
}  # fmt: skip
LONGEST = 10_000
_NAME = re.compile(r"([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:\"[^\"]*\"|[^\";:]*))*):(.*)", re.DOTALL)
_PARAMETER = re.compile(r";([A-Za-z0-9-]+)=(\"[^\"]*\"|[^\";:]*)")
_DAY = re.compile(r"[0-9]{8}")
_TIME = re.compile(r"[0-9]{8}T[0-9]{6}Z?")
_DURATION = re.compile(
    r"P(?:([0-9]{1,4})W|(?:([0-9]{1,4})D)?(?:T(?:([0-9]{1,5})H)?(?:([0-9]{1,5})M)?(?:([0-9]{1,5})S)?)?)"
)
_ESCAPED = re.compile(r"\\([\\;,nN])")
_LINES = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Value:
    """A property's parameters and its text, still escaped."""

    parameters: dict[str, str]
    text: str


@dataclass(slots=True)
class Entry:
    """A component: the line it begins at, and those of its properties that we take, the first of each."""

    line: int
    kind: str
    values: dict[str, Value] = field(default_factory=dict)


def read(text: str) -> File:
    """Return one record for each entry; refused when there is no calendar in it."""
    zone: ZoneInfo | None = None
    entries: list[Entry] = []
    inside: list[str] = []
    for line, content in _unfolded(text):
        found = _NAME.fullmatch(content)
        if found is None:
            continue
        name, value = found[1].upper(), found[3]
        match name:
            case "BEGIN":
                inside.append(value.strip().upper())
                if inside == ["VCALENDAR", inside[-1]] and inside[-1] in COMPONENTS:
                    entries.append(Entry(line, inside[-1]))
            case "END":
                del inside[-1:]
            case "X-WR-TIMEZONE" if inside == ["VCALENDAR"]:
                zone = _zone(value)
            case _ if name in TAKEN and entries and inside == ["VCALENDAR", entries[-1].kind]:
                entries[-1].values.setdefault(name, Value(_parameters(found[2]), value))
            case _:
                pass
    if not entries:
        raise Refusal(
            "empty_ics", "ics", "ics: no entry (VEVENT or VTODO) of a calendar (VCALENDAR) is in it"
        )
    return File(tuple(_record(entry, zone) for entry in entries), ())


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line with those that are folded behind it; of a monstrous one only the beginning."""
    begun, parts, length = 0, list[str](), 0
    for number, line in enumerate(_LINES.split(text.removeprefix("\ufeff")), 1):
        if line[:1] in (" ", "\t") and parts:
            if length < LONGEST:
                parts.append(line[1 : LONGEST + 1])
        else:
            if parts:
                yield begun, "".join(parts)
            begun, parts, length = number, [line[:LONGEST]], 0
        length += len(line)
    if parts:
        yield begun, "".join(parts)


def _record(entry: Entry, zone: ZoneInfo | None) -> Record:
    """Turn an entry into the cells of an opportunity, without those that it does not tell.

    Or say what is wrong with it.
    """
    plain = {name: _plain(value.text) for name, value in entry.values.items()}
    if plain.get("STATUS", "").upper() == "CANCELLED":
        return Record(entry.line, {}, (Fault("STATUS", "it is cancelled"),))
    if {"RRULE", "RDATE"} & plain.keys():
        fault = Fault("RRULE", "it repeats: give each of its days an entry of its own")
        return Record(entry.line, {}, (fault,))
    try:
        opens, deadline = _days(entry, zone)
    except _Unreadable as error:
        return Record(entry.line, {}, (error.fault,))
    kind = next(filter(None, map(kind_of, plain.get("CATEGORIES", "").split(","))), None)
    cells = {
        "title": " ".join(plain.get("SUMMARY", "").split()),
        **({"kind": kind} if kind else {}),
        **({"url": plain["URL"]} if "URL" in plain else {}),
        "opens": opens.isoformat() if opens else "",
        "deadline": deadline.isoformat(),
        "uid": "|".join(filter(None, (plain.get("UID"), plain.get("RECURRENCE-ID")))),
    }
    return Record(entry.line, cells)


def _days(entry: Entry, zone: ZoneInfo | None) -> tuple[date | None, date]:
    """Return the day from which it is open, where that is told, and the last one."""
    start = _when(entry, "DTSTART", zone)
    if entry.kind == "VTODO":
        due = _when(entry, "DUE", zone)
        if due is None:
            raise _Unreadable("DUE", "is needed")
        return None if start is None else _day(start), _last_day(due) if isinstance(due, datetime) else due
    if start is None:
        raise _Unreadable("DTSTART", "is needed")
    end = _when(entry, "DTEND", zone) or start + _duration(entry)
    first, last = _day(start), _last_day(end)
    return (first, last) if first < last else (None, first)


def _day(when: date) -> date:
    return when.date() if isinstance(when, datetime) else when


def _last_day(end: date) -> date:
    """An end is the first moment, or day, that no longer belongs to it."""
    return _day(end - (timedelta.resolution if isinstance(end, datetime) else timedelta(days=1)))


def _when(entry: Entry, name: str, zone: ZoneInfo | None) -> date | None:
    """Return a day, or a time on the clock that the calendar means."""
    value = entry.values.get(name)
    if value is None:
        return None
    text = value.text.strip()
    if not _DAY.fullmatch(text) and (not _TIME.fullmatch(text) or value.parameters.get("VALUE") == "DATE"):
        raise _Unreadable(name, "is no day like 20260501 and no time like 20260501T180000")
    try:
        day = values.day(text[:8])
        found = datetime.fromisoformat(text[:15])
    except ValueError:
        raise _Unreadable(name, "there is no such day or time") from None
    if _DAY.fullmatch(text):
        return day
    if not text.endswith("Z"):
        return found
    return found.replace(tzinfo=UTC).astimezone(zone or UTC).replace(tzinfo=None)


def _duration(entry: Entry) -> timedelta:
    value = entry.values.get("DURATION")
    if value is None:
        return timedelta()
    found = _DURATION.fullmatch(value.text.strip())
    if found is None:
        raise _Unreadable("DURATION", "is no duration like P1D or PT2H")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda one: "\n" if one[1] in "nN" else one[1], text)


def _parameters(text: str) -> dict[str, str]:
    return {name.upper(): value.strip('"').upper() for name, value in _PARAMETER.findall(text)}


def _zone(name: str) -> ZoneInfo | None:
    try:
        return values.zone(name)
    except ValueError:
        return None


class _Unreadable(Exception):  # noqa: N818 - an answer
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.fault = Fault(field, message)
