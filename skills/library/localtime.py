"""What a contact's clock and calendar show: time zones, parts of the day, public holidays.

Holidays are computed, not looked up: the nationwide ones of the countries below, of England and Wales for the
United Kingdom; elsewhere New Year's Day and Christmas alone.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from library.english import WEEKDAY_NAMES

HOME = ZoneInfo("Europe/London")
WEEKDAYS = tuple(WEEKDAY_NAMES.split())
PARTS = {"night": 0, "morning": 5, "afternoon": 12, "evening": 17}
HOURS = {"night": 3, "morning": 10, "afternoon": 14, "evening": 18}
ZONES = {
    "uk": ("Europe/London", "Europe/Belfast", "GB"),
    "ireland": ("Europe/Dublin", "Eire"),
    "germany": ("Europe/Berlin", "Europe/Busingen"),
    "france": ("Europe/Paris",),
    "us": (
        *("US/", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "Navajo"),
        *("America/Phoenix", "America/Shiprock", "America/Detroit", "America/Boise", "America/Menominee"),
        *(
            "America/Indiana",
            "America/Fort_Wayne",
            "America/Knox_IN",
            "America/Kentucky",
            "America/Louisville",
        ),
        *("America/North_Dakota", "America/Anchorage", "America/Juneau", "America/Sitka", "America/Yakutat"),
        *("America/Nome", "America/Metlakatla", "America/Adak", "America/Atka", "Pacific/Honolulu"),
    ),
}
ELSEWHERE = "elsewhere"
AT_HOME = "where a contact's time zone is not known, days and hours are those of London"
MONDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = 0, 3, 4, 5, 6


@cache
def zone(name: str | None) -> ZoneInfo | None:
    """Return the time zone of that name, None where there is none."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None


def local(at: datetime, name: str | None) -> datetime:
    """Return a moment as clocks in the time zone of that name show it, in London where there is none."""
    return at.astimezone(zone(name) or HOME)


def unzoned(names: Iterable[str | None]) -> list[str]:
    """Say so, where some times are London's for want of a contact's own time zone."""
    return [AT_HOME] if any(zone(name) is None for name in names) else []


def part_of_day(hour: int) -> str:
    """Return the part of the day that has this hour, 0 to 23."""
    return [part for part, begins in PARTS.items() if hour >= begins][-1]


def at_hour(day: date, hour: int, where: ZoneInfo) -> datetime | None:
    """Return the moment, UTC, at which clocks there show this; the first of two, None where they skip it."""
    wanted = datetime.combine(day, time(hour), tzinfo=where)
    moment = wanted.astimezone(UTC)
    return moment if moment.astimezone(where) == wanted else None


def is_holiday(day: date, where: str) -> bool:
    """Whether it is a public holiday where clocks follow this time zone."""
    return day in _holidays(day.year, _country(where))


def knows_holidays(where: str) -> bool:
    """Whether more than New Year's Day and Christmas is known of the country of this time zone."""
    return _country(where) != ELSEWHERE


def easter_sunday(year: int) -> date:
    """Return the Gregorian date (Meeus 1991, after Butcher 1877)."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    leaps, of_leaps = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leaps - moon + 15) % 30
    quarter, rest = divmod(of_century, 4)
    offset = (32 + 2 * of_leaps + 2 * quarter - epact - rest) % 7
    late = (golden + 11 * epact + 22 * offset) // 451
    month, day = divmod(epact + offset - 7 * late + 114, 31)
    return date(year, month, day + 1)


@cache
def _country(where: str) -> str:
    """Return the country of a time zone, by one of its names or what they begin with."""
    return next((one for one, zones in ZONES.items() if where.startswith(zones)), ELSEWHERE)


@cache
def _holidays(year: int, country: str) -> frozenset[date]:
    return frozenset(RULES[country](year))


def _uk(year: int) -> list[date]:
    easter = easter_sunday(year)
    moved = _moved_on(date(year, 1, 1), date(year, 12, 25), date(year, 12, 26))
    mondays = [_nth(year, 5, 1, MONDAY), _last(year, 5, MONDAY), _last(year, 8, MONDAY)]
    return [*moved, easter - timedelta(2), easter + timedelta(1), *mondays]


def _ireland(year: int) -> list[date]:
    brigid = date(year, 2, 1)
    first = brigid if brigid.weekday() == FRIDAY else _nth(year, 2, 1, MONDAY)
    mondays = [_nth(year, month, 1, MONDAY) for month in (5, 6, 8)]
    fixed = _moved_on(date(year, 1, 1), date(year, 3, 17), date(year, 12, 25), date(year, 12, 26))
    return [*fixed, first, *mondays, _last(year, 10, MONDAY), easter_sunday(year) + timedelta(1)]


def _germany(year: int) -> list[date]:
    easter = easter_sunday(year)
    fixed = [(1, 1), (5, 1), (10, 3), (12, 25), (12, 26)]
    return [date(year, *when) for when in fixed] + [easter + timedelta(days) for days in (-2, 1, 39, 50)]


def _france(year: int) -> list[date]:
    easter = easter_sunday(year)
    fixed = [(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)]
    return [date(year, *when) for when in fixed] + [easter + timedelta(days) for days in (1, 39, 50)]


def _us(year: int) -> list[date]:
    fixed = [date(year, *when) for when in ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))]
    seen = [_nearest_workday(day) for day in [*fixed, date(year + 1, 1, 1)]]
    mondays = [_nth(year, month, nth, MONDAY) for month, nth in ((1, 3), (2, 3), (9, 1), (10, 2))]
    return [*fixed, *seen, *mondays, _last(year, 5, MONDAY), _nth(year, 11, 4, THURSDAY)]


def _elsewhere(year: int) -> list[date]:
    return [date(year, 1, 1), date(year, 12, 25)]


RULES: dict[str, Callable[[int], list[date]]] = {
    "uk": _uk,
    "ireland": _ireland,
    "germany": _germany,
    "france": _france,
    "us": _us,
    ELSEWHERE: _elsewhere,
}


def _moved_on(*days: date) -> list[date]:
    """Return days and, for those at a weekend, the next working day that is not taken."""
    found = list(days)
    for day in days:
        instead = day
        while instead.weekday() >= SATURDAY or (instead != day and instead in found):
            instead += timedelta(1)
        found.append(instead)
    return found


def _nearest_workday(day: date) -> date:
    return day + timedelta({SATURDAY: -1, SUNDAY: 1}.get(day.weekday(), 0))


def _nth(year: int, month: int, nth: int, weekday: int) -> date:
    first = date(year, month, 1)
    return first + timedelta((weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _last(year: int, month: int, weekday: int) -> date:
    end = date(year, month, 31)
    return end - timedelta((end.weekday() - weekday) % 7)
