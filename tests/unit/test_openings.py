"""When a slot can be had, between two moments: never outside, on no holiday, by the contact's clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from library.localtime import is_holiday
from library.openings import Window, limits, openings
from library.slots import USUAL, Slot

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_without_limits_it_is_two_weeks_from_now():
    assert limits(None, None, NOW) == Window(NOW, NOW + timedelta(days=14))


def test_a_beginning_in_the_past_is_now_and_an_end_far_off_is_ninety_days():
    assert limits("2020-01-01T00:00:00Z", "2040-01-01T00:00:00Z", NOW) == Window(
        NOW, NOW + timedelta(days=90)
    )


def test_an_end_before_the_beginning_has_no_openings():
    for end in ("2026-10-01T00:00:00Z", "0001-01-01T00:00:00+14:00"):
        assert openings(limits(None, end, NOW), USUAL, LONDON) == {}


def test_both_ends_are_allowed():
    nine = datetime(2026, 11, 3, 10, tzinfo=UTC)
    assert openings(Window(nine, nine), (Slot(1, 10),), LONDON) == {0: nine}


def test_the_hour_is_the_contacts_own_on_either_side_of_summer_time():
    before = Window(datetime(2026, 10, 19, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC))
    assert openings(before, (Slot(0, 10), Slot(1, 10)), LONDON)[0].hour == 9
    after = Window(datetime(2026, 10, 26, tzinfo=UTC), datetime(2026, 11, 7, tzinfo=UTC))
    assert openings(after, (Slot(0, 10),), LONDON)[0].hour == 10
    assert openings(after, (Slot(0, 10),), NEW_YORK)[0].hour == 14


def test_an_hour_that_clocks_skip_waits_a_week():
    spring = Window(datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 4, 20, tzinfo=UTC))
    assert openings(spring, (Slot(6, 1),), LONDON)[0].date().isoformat() == "2026-04-05"


def test_a_holiday_waits_a_week_where_it_is_one():
    easter = Window(datetime(2026, 4, 6, tzinfo=UTC), datetime(2026, 4, 20, tzinfo=UTC))
    assert openings(easter, (Slot(0, 10),), LONDON)[0].date().isoformat() == "2026-04-13"
    assert openings(easter, (Slot(0, 10),), NEW_YORK)[0].date().isoformat() == "2026-04-06"


@pytest.mark.parametrize("seed", range(20))
def test_nothing_opens_outside_the_limits(seed):
    rng = np.random.default_rng(seed)
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=float(rng.uniform(0, 9000)))
    window = Window(start, start + timedelta(hours=float(rng.uniform(0, 400))))
    for where in (LONDON, NEW_YORK, ZoneInfo("Asia/Kolkata"), ZoneInfo("Pacific/Auckland")):
        for number, moment in openings(window, USUAL, where).items():
            local = moment.astimezone(where)
            assert window.start <= moment <= window.end
            assert (local.weekday(), local.hour) == USUAL[number]
            assert not is_holiday(local.date(), where.key)
