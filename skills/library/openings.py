"""When a slot of the week can be had: between two moments, on no holiday, at an hour that clocks show."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from library.localtime import at_hour, is_holiday
from library.slots import Slot

SPAN = timedelta(days=14)
LONGEST = timedelta(days=90)
LATEST = datetime.max.replace(tzinfo=UTC)


class Window(NamedTuple):
    """When pitches may go out; both ends are allowed."""

    start: datetime
    end: datetime


def limits(not_before: str | None, deadline: str | None, now: datetime) -> Window:
    """Return from when to when: never the past, two weeks where no deadline is given, 90 days at most."""
    start = max(now, _moment(not_before) or now)
    longest, usual = min(start, LATEST - LONGEST) + LONGEST, min(start, LATEST - SPAN) + SPAN
    return Window(start, min(_moment(deadline) or usual, longest))


def openings(window: Window, slots: tuple[Slot, ...], where: ZoneInfo) -> dict[int, datetime]:
    """Return the first moment of each slot, by its number, that is in the window and on no holiday there."""
    found: dict[int, datetime] = {}
    if window.end < window.start:
        return found
    day, last = window.start.astimezone(where).date(), window.end.astimezone(where).date()
    while day <= last and len(found) < len(slots):
        for number, slot in enumerate(slots):
            if number in found or slot.weekday != day.weekday() or is_holiday(day, where.key):
                continue
            moment = at_hour(day, slot.hour, where)
            if moment and window.start <= moment <= window.end:
                found[number] = moment
        day += timedelta(1)
    return found


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
