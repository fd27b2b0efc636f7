"""Days, times and numbers as people write them; a ValueError says the rule, never the value."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

FIRST_YEAR, LAST_YEAR = 1900, 2199
CLOCKS_DIFFER = timedelta(minutes=5)
FARTHEST_EAST = timedelta(hours=14)
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_THOUSANDS = re.compile(r"-?[0-9]{1,3}\.[0-9]{3}")


def day(text: str) -> date:
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("is not a day like 2026-05-01") from None
    _check_year(found.year)
    return found


def moment(text: str) -> datetime:
    """Return the time in UTC; one without an offset means nothing."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError("is not a time like 2026-05-01T10:00:00+01:00") from None
    if found.tzinfo is None:
        raise ValueError("has no offset from UTC: write it like 2026-05-01T10:00:00+01:00")
    _check_year(found.year)
    return found.astimezone(UTC)


def number(text: str) -> float:
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError("is not a number like 12 or 12.50")
    return float(text) or 0.0


def amount(text: str) -> float:
    """Return a number of something; refuses 1.234, which is a thousand where a comma stands for the point."""
    if _THOUSANDS.fullmatch(text.strip()):
        raise ValueError("may be a thousand or a fraction: write it like 1234 or 1.23")
    return number(text)


def word(text: str) -> str:
    """Write one form for a word: letter case, hyphens, underscores and spaces do not matter."""
    return " ".join(text.casefold().replace("-", " ").replace("_", " ").split())


def zone(name: str) -> ZoneInfo:
    """Return the time zone of this name, in whatever letters: Mailchimp writes America/New_york."""
    with suppress(ValueError, OSError, KeyError):
        return ZoneInfo(name.strip())
    if known := _zones().get(word(name)):
        return ZoneInfo(known)
    raise ValueError("is no time zone like Europe/London")


@cache
def _zones() -> dict[str, str]:
    return {word(name): name for name in available_timezones()}


def past(at: datetime, now: datetime) -> datetime:
    """Return a time at which something has happened; clocks may differ a little."""
    if at > now + CLOCKS_DIFFER:
        raise ValueError("lies in the future, but tells of what has happened")
    return at


def past_day(of: date, now: datetime) -> date:
    """Return a day that has begun somewhere on earth."""
    if of > (now + FARTHEST_EAST).date():
        raise ValueError("lies in the future, but tells of what has happened")
    return of


def _check_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"must lie between the years {FIRST_YEAR} and {LAST_YEAR}")
