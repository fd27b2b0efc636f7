"""Somebody's calendar, friendly or not."""

import random
import time
from typing import Any

import pytest

from campaigns import ics
from campaigns.market_rows import of_calendar
from fuzz import torn
from shared.refusal import Refusal

CALENDAR = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n"


def entry(*lines: str, kind: str = "VEVENT") -> str:
    return "".join(f"{line}\r\n" for line in (f"BEGIN:{kind}", *lines, f"END:{kind}"))


def records(*entries: str) -> Any:
    return ics.read(CALENDAR.format("".join(entries))).records


def only(*lines: str, kind: str = "VEVENT") -> dict[str, str]:
    (record,) = records(entry(*lines, kind=kind))
    assert record.faults == ()
    return record.cells


def days(*lines: str, kind: str = "VEVENT") -> tuple[str, str]:
    cells = only("SUMMARY:x", *lines, kind=kind)
    return cells["opens"], cells["deadline"]


def test_an_entry_becomes_an_opportunity():
    cells = only(
        "UID:one@example.org", "SUMMARY:Open call\\, North", "DTSTART;VALUE=DATE:20261201",
        "CATEGORIES:Music,Festival", "URL:https://example.org/call",
    )  # fmt: skip
    checked = of_calendar(cells)
    assert not isinstance(checked, list)
    found = checked.told.event
    assert (found.title, found.kind, found.url) == (
        "Open call, North",
        "festival",
        "https://example.org/call",
    )
    assert (found.opens, found.deadline.isoformat()) == (None, "2026-12-01")
    assert checked.identity == "one@example.org"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("DTSTART;VALUE=DATE:20261201",), ("", "2026-12-01")),
        (("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261202"), ("", "2026-12-01")),
        (("DTSTART;VALUE=DATE:20261201", "DTEND;VALUE=DATE:20261215"), ("2026-12-01", "2026-12-14")),
        (("DTSTART;VALUE=DATE:20261201", "DURATION:P2W"), ("2026-12-01", "2026-12-14")),
        (("DTSTART:20261201T180000", "DTEND:20261201T235900"), ("", "2026-12-01")),
        (("DTSTART:20261201T180000", "DTEND:20261202T000000"), ("", "2026-12-01")),
        (("DTSTART:20261201T180000", "DURATION:PT30H"), ("2026-12-01", "2026-12-02")),
        (("DTSTART;TZID=America/New_York:20261201T235900",), ("", "2026-12-01")),
        (('DTSTART;TZID="Europe/London":20261201T235900',), ("", "2026-12-01")),
        (("DTSTART:20261201T233000Z",), ("", "2026-12-01")),
        (("DTSTART:20261205T100000", "DTEND:20261201T100000"), ("", "2026-12-05")),
    ],
)
def test_the_last_day_is_the_deadline(lines: tuple[str, ...], expected: tuple[str, str]):
    assert days(*lines) == expected


def test_a_task_is_due_on_its_day():
    assert days("DTSTART;VALUE=DATE:20261101", "DUE;VALUE=DATE:20261201", kind="VTODO") == (
        "2026-11-01",
        "2026-12-01",
    )


@pytest.mark.parametrize(("due", "last"), [("T000000", "2026-11-30"), ("T000100", "2026-12-01")])
def test_what_is_due_at_midnight_is_due_by_the_day_before(due: str, last: str):
    assert days(f"DUE:20261201{due}", kind="VTODO") == ("", last)


def test_times_in_utc_are_those_of_the_calendars_zone():
    text = CALENDAR.format("X-WR-TIMEZONE:Asia/Tokyo\r\n" + entry("SUMMARY:x", "DTSTART:20261201T160000Z"))
    (record,) = ics.read(text).records
    assert record.cells["deadline"] == "2026-12-02"


def test_an_unknown_zone_is_none():
    text = CALENDAR.format(
        "X-WR-TIMEZONE:../../etc/passwd\r\n" + entry("SUMMARY:x", "DTSTART:20261201T160000Z")
    )
    assert ics.read(text).records[0].cells["deadline"] == "2026-12-01"


@pytest.mark.parametrize("lines", [(), ("CATEGORIES:Work",), ("CATEGORIES:",)])
def test_an_entry_of_no_kind_that_is_known_tells_none_and_is_for_submissions(lines: tuple[str, ...]):
    cells = only("SUMMARY:x", "DTSTART:20261201T000000", *lines)
    assert cells.keys() == {"title", "opens", "deadline", "uid"}
    checked = of_calendar(cells)
    assert not isinstance(checked, list)
    assert (checked.told.event.kind, checked.told.fields) == ("submission", cells.keys())


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_folded_lines_are_joined_whatever_ends_them(end: str):
    text = CALENDAR.format(entry("SUMMARY:A very", "  long", "\t name", "DTSTART:20261201T000000"))
    assert ics.read(text.replace("\r\n", end)).records[0].cells["title"] == "A very long name"


def test_escapes_are_undone_once():
    assert only("SUMMARY:a\\\\nb\\, c\\; d\\ne", "DTSTART:20261201T000000")["title"] == "a\\nb, c; d e"


def test_what_is_nested_inside_an_entry_is_not_the_entrys():
    alarm = ("BEGIN:VALARM", "SUMMARY:wake up", "DTSTART:20200101T000000", "END:VALARM")
    cells = only(*alarm, "SUMMARY:Open call", "DTSTART:20261201T000000")
    assert (cells["title"], cells["deadline"]) == ("Open call", "2026-12-01")


def test_the_line_of_an_entry_is_told():
    bad = entry("SUMMARY:x")
    assert [record.line for record in records(entry("DTSTART:20261201T000000"), bad)] == [3, 6]


@pytest.mark.parametrize(
    ("lines", "field"),
    [
        (("SUMMARY:x",), "DTSTART"),
        (("DTSTART:tomorrow",), "DTSTART"),
        (("DTSTART:20261301T000000",), "DTSTART"),
        (("DTSTART:20260230",), "DTSTART"),
        (("DTSTART:00010101T000000Z",), "DTSTART"),
        (("DTSTART;VALUE=DATE:20261201T000000",), "DTSTART"),
        (("DTSTART:20261201", "DTEND:later"), "DTEND"),
        (("DTSTART:20261201", "DURATION:P"), None),
        (("DTSTART:20261201", "DURATION:forever"), "DURATION"),
        (("DTSTART:20261201", "RRULE:FREQ=DAILY"), "RRULE"),
        (("DTSTART:20261201", "STATUS:CANCELLED"), "STATUS"),
    ],
)
def test_an_entry_that_cannot_be_read_costs_itself_only(lines: tuple[str, ...], field: str | None):
    bad, fine = records(entry(*lines), entry("SUMMARY:y", "DTSTART:20261201T000000"))
    assert [fault.field for fault in bad.faults] == ([field] if field else [])
    assert fine.cells["title"] == "y"


@pytest.mark.parametrize("text", ["", "hello", CALENDAR.format(""), entry("DTSTART:20261201T000000")])
def test_what_is_no_calendar_is_refused(text: str):
    with pytest.raises(Refusal, match="no entry"):
        ics.read(text)


@pytest.mark.parametrize(
    "hostile",
    [
        "SUMMARY:" + "x" * 2_000_000,
        "SUMMARY:x\r\n" + " y\r\n" * 400_000,
        "DTSTART" + ";A=B" * 400_000,
        'DTSTART;A="' * 200_000,
        "BEGIN:VALARM\r\n" * 150_000,
        "DTSTART:20261201\r\nDURATION:P9999W\r\nDTEND:" + "9" * 1_000_000,
        "END:VEVENT\r\n" * 150_000,
    ],
    ids=lambda text: text[:20],
)
def test_hostile_calendars_are_read_in_no_time(hostile: str):
    began = time.process_time()
    for record in ics.read(CALENDAR.format(entry("DTSTART:20261201", hostile))).records:
        of_calendar(record.cells)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("seed", range(4))
def test_any_torn_calendar_is_read_or_refused(seed: int):
    chance = random.Random(seed)
    whole = CALENDAR.format(
        entry("SUMMARY:a", "DTSTART:20261201T000000Z", "DURATION:PT5H") * 2
        + entry("SUMMARY:b", "DUE;VALUE=DATE:20261201", kind="VTODO")
    ).encode()
    for _ in range(1000):
        data = whole
        for _ in range(chance.randint(1, 4)):
            data = torn(chance, data)
        try:
            found = ics.read(data.decode(errors="replace"))
        except Refusal:
            continue
        for record in found.records:
            assert record.faults or of_calendar(record.cells)
