"""Clocks and calendars: when summer time begins and ends, movable feasts, days given in lieu."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import library
from library.localtime import at_hour, easter_sunday, is_holiday, part_of_day, zone

LONDON = zone("Europe/London")


@pytest.mark.parametrize(
    "day",
    [
        date(2024, 3, 31),
        date(2025, 4, 20),
        date(2026, 4, 5),
        date(2027, 3, 28),
        date(2038, 4, 25),
        date(2285, 3, 22),
    ],
)
def test_easter_is_when_it_is(day):
    assert easter_sunday(day.year) == day


@pytest.mark.parametrize(
    ("day", "where"),
    [
        ("2026-04-03", "Europe/London"),
        ("2026-05-25", "Europe/London"),
        ("2026-08-31", "Europe/London"),
        ("2026-12-28", "Europe/London"),
        ("2021-12-27", "Europe/London"),
        ("2021-12-28", "Europe/London"),
        ("2023-01-02", "Europe/London"),
        ("2026-10-03", "Europe/Berlin"),
        ("2026-05-14", "Europe/Paris"),
        ("2026-11-26", "America/New_York"),
        ("2026-07-03", "America/Los_Angeles"),
        ("2021-12-31", "America/Chicago"),
        ("2023-02-06", "Europe/Dublin"),
        ("2026-12-25", "Asia/Tokyo"),
        ("2026-04-03", "GB"),
        ("2023-02-06", "Eire"),
        ("2026-11-26", "US/Eastern"),
        ("2026-11-26", "America/Indiana/Knox"),
        ("2026-11-26", "Pacific/Honolulu"),
    ],
)
def test_public_holidays_are_known(day, where):
    assert is_holiday(date.fromisoformat(day), where)


@pytest.mark.parametrize(
    ("day", "where"),
    [("2026-11-26", "Europe/London"), ("2026-12-28", "Europe/Berlin"), ("2026-07-03", "Europe/London")],
)
def test_a_holiday_elsewhere_is_none_here(day, where):
    assert not is_holiday(date.fromisoformat(day), where)


def test_ten_in_london_is_an_hour_earlier_in_utc_while_summer_time_lasts():
    assert at_hour(date(2026, 10, 24), 10, LONDON) == datetime(2026, 10, 24, 9, tzinfo=UTC)
    assert at_hour(date(2026, 10, 25), 10, LONDON) == datetime(2026, 10, 25, 10, tzinfo=UTC)


def test_an_hour_that_clocks_skip_is_no_moment():
    assert at_hour(date(2026, 3, 29), 1, LONDON) is None


def test_of_an_hour_that_comes_twice_the_first_is_meant():
    assert at_hour(date(2026, 10, 25), 1, LONDON) == datetime(2026, 10, 25, tzinfo=UTC)


@pytest.mark.parametrize("name", [None, "", "Mars/Olympus", "../etc/passwd", "europe london"])
def test_what_is_no_time_zone_is_none(name):
    assert zone(name) is None


@pytest.mark.parametrize(
    ("hour", "part"),
    [(0, "night"), (4, "night"), (5, "morning"), (12, "afternoon"), (17, "evening"), (23, "evening")],
)
def test_each_hour_has_a_part_of_the_day(hour, part):
    assert part_of_day(hour) == part


def test_zones_are_known_where_the_machine_has_none_of_its_own():
    told = subprocess.run(
        [sys.executable, "-c", "from library.localtime import HOME; print(HOME)"],
        env={**os.environ, "PYTHONTZPATH": "", "PYTHONPATH": str(Path(library.__path__[0]).parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.stdout, told.stderr) == ("Europe/London\n", "")
