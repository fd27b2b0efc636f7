"""Dates in English text, in full, in part, or counted from today: 20 December, 20/12/2026, in four weeks."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from library.english import DAYS, MONTHS, TENS, UNITS, WEEKDAYS

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_ALONE = "january|february|april|june|july|august|september|october|november|december"
_BEFORE = "in|this|next|last|by|until|till|since|from|early|mid|late|of|for|during|throughout"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_SAID = "|".join(name.replace("-", r"[\s-]+") for name in sorted(DAYS, key=len, reverse=True))
_YEAR = r"(?P<year>(?:19|20)\d{2})"
_NAMED = rf"(?P<month>{_MONTH})\.?"
_ABOUT = r"(?:(?:about|around|exactly|just under|just over|some)\s+)?"
_COUNT = rf"{_ABOUT}(?P<count>\d+|an?|{'|'.join([*UNITS, *TENS])})"
_UNIT = r"(?P<unit>day|week|month|year)s?"
_AFTER = r"ago|away|left|to\s+go|from\s+now|(?:before|until)\s+(?:the\s+)?release"
_WEEKDAY = rf"(?P<weekday>{'|'.join(WEEKDAYS)})"
_STEP = r"(?P<next>this|next|last|coming|past)"
_SEASONAL = r"(?:early|mid|late|in|since|until|by)[\s-]+(?:the\s+)?"
_SPAN = r"(?P<span>week|weekend|month|year|spring|summer|autumn|winter)"
FORMS = tuple(
    re.compile(rf"\b{form}", re.IGNORECASE)
    for form in (
        rf"{_YEAR}-(?P<number>\d{{2}})-(?P<day>\d{{2}})(?:T[\d:.+Z-]*)?\b",
        rf"{_DAY}[/.](?P<number>\d{{1,2}})[/.](?P<year>(?:19|20)?\d{{2}})\b",
        rf"{_DAY}(?:\s+of)?\s+{_NAMED}(?!\w)(?:,?\s+{_YEAR})?\b",
        rf"(?P<said>{_SAID})\s+of\s+{_NAMED}(?!\w)(?:,?\s+{_YEAR})?\b",
        rf"(?P<month>{_ALONE})\s+(?:the\s+)?(?P<said>{_SAID})\b(?:,?\s+{_YEAR}\b)?",
        rf"{_NAMED}\s+(?:the\s+)?{_DAY}\b(?!\s?%|[.,]\d)(?:,?\s+{_YEAR}\b)?",
        rf"{_NAMED},?\s+{_YEAR}\b",
        rf"(?:{_BEFORE})[\s-]+{_NAMED}(?!\w)",
        r"(?:on|by|until|till|from|before|after)\s+the\s+(?P<day>\d{1,2})(?:st|nd|rd|th)\b(?!\s+\w)",
        rf"(?P<month>{_ALONE})\b",
        rf"{_YEAR}\b",
        rf"{_STEP}\s+{_WEEKDAY}\b",
        rf"{_WEEKDAY}s?\b",
        r"(?P<word>today|tonight|tomorrow|yesterday)\b",
        rf"{_STEP}\s+{_SPAN}\b",
        rf"(?P<way>in|within)\s+{_COUNT}\s+{_UNIT}(?:[’']\s+time)?\b",
        rf"{_COUNT}\s+{_UNIT}\s+(?P<way>{_AFTER})\b",
        rf"(?:couple\s+of|few|several)\s+{_UNIT}\s+(?P<way>{_AFTER})\b",
        rf"{_SEASONAL}(?P<span>spring|summer|autumn|winter)\b",
    )
)
AROUND = {"day": 0, "week": 3, "month": 15, "year": 183}
LENGTH = {"day": 1, "week": 7, "month": 30.44, "year": 365.25}
WORDS = {"today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1}
SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}
CENTURY = 2000
DECEMBER = 12
MOST_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Said:
    """A date as a text has it: its parts, or the days from `first` to `last` where it counts from today.

    One that nothing can be made of has neither, and is no date that anybody gave.
    """

    text: str
    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    first: date | None = None
    last: date | None = None

    def says(self, given: "Said") -> bool:
        """Tell whether a given date has all that this one says."""
        if self.first and self.last:
            meant = given.meant
            return meant is not None and self.first <= meant[0] and meant[1] <= self.last
        if self.weekday is not None:
            return given.whole is not None and given.whole.weekday() == self.weekday
        mine, theirs = (self.year, self.month, self.day), (given.year, given.month, given.day)
        return any(mine) and all(one in (None, other) for one, other in zip(mine, theirs, strict=True))

    @property
    def meant(self) -> tuple[date, date] | None:
        """The first and last day that it can mean; None where it has no year."""
        if self.day is None:
            return _months(self.year, self.month or 1, 1 if self.month else 12) if self.year else None
        return (self.whole, self.whole) if self.whole else None

    @property
    def whole(self) -> date | None:
        if self.year and self.month and self.day:
            try:
                return date(self.year, self.month, self.day)
            except ValueError:
                return None
        return None


def given(day: date) -> Said:
    """Return a date that is known in full."""
    return Said(day.isoformat(), 0, 0, day.year, day.month, day.day)


def days(text: str, today: date | None = None) -> list[Said]:
    """Return all dates in the order of the text; what counts from today is known only with it."""
    found: list[Said] = []
    taken = set[int]()
    for form in FORMS:
        for at in form.finditer(text):
            if taken.isdisjoint(range(*at.span())):
                taken.update(range(*at.span()))
                found.append(_read(at, today))
    return sorted(found, key=lambda one: one.start)


def _read(at: re.Match[str], today: date | None) -> Said:
    part = at.groupdict()
    where = (at[0], at.start(), at.end())
    if part.get("way"):
        return Said(*where, **_counted(part, today))
    if part.get("word") or part.get("next"):
        return Said(*where, **_relative(part, today))
    if part.get("weekday"):
        return Said(*where, weekday=WEEKDAYS[part["weekday"].lower()])
    year = int(part["year"]) if part.get("year") else None
    if year is not None and year < 100:  # noqa: PLR2004 - 26 is 2026
        year += CENTURY
    month = part.get("month")
    number = int(part["number"]) if part.get("number") else MONTHS[month.lower()] if month else None
    day = int(part["day"]) if part.get("day") else None
    if said := part.get("said"):
        day = DAYS["-".join(re.split(r"[\s-]+", said.lower()))]
    if number and day and "/" in at[0] and day <= DECEMBER < number:
        number, day = day, number
    return Said(*where, year=year, month=number, day=day)


def _counted(part: dict[str, str], today: date | None) -> dict[str, date]:
    if today is None or not part.get("count"):
        return {}
    said, unit = part["count"].lower(), part["unit"].lower()
    count = int(said[:MOST_DIGITS]) if said.isdigit() else UNITS.get(said) or TENS.get(said) or 1
    length = min(round(count * LENGTH[unit]), 36_500)
    middle = today + timedelta(days=-length if part["way"].lower() == "ago" else length)
    around = timedelta(days=AROUND[unit])
    return {"first": middle - around, "last": middle + around}


def _relative(part: dict[str, str], today: date | None) -> dict[str, date]:
    """Return the first and last day that tomorrow, next week or last summer can mean."""
    if today is None:
        return {}
    if word := part.get("word"):
        day = today + timedelta(days=WORDS[word.lower()])
        return {"first": day, "last": day}
    step = {"last": -1, "past": -1, "next": 1}.get(part["next"].lower(), 0)
    if weekday := part.get("weekday"):
        ahead = (WEEKDAYS[weekday.lower()] - today.weekday()) % 7
        day = today + timedelta(days=ahead - 7 if step < 0 else ahead)
        return {"first": day, "last": day + timedelta(days=7 if step > 0 else 0)}
    return dict(zip(("first", "last"), _span(part["span"].lower(), step, today), strict=True))


def _span(span: str, step: int, today: date) -> tuple[date, date]:
    match span:
        case "week" | "weekend":
            monday = today + timedelta(days=7 * step - today.weekday())
            return monday + timedelta(days=4 if span == "weekend" else 0), monday + timedelta(days=6)
        case "month":
            return _months(today.year, today.month + step, 1)
        case "year":
            return date(today.year + step, 1, 1), date(today.year + step, 12, 31)
        case _:
            return _season(SEASONS[span], step, today)


def _season(begins: int, step: int, today: date) -> tuple[date, date]:
    """Return this year's season, the winter of two years being that of the first; the last one is over."""
    year = today.year - (begins == DECEMBER and today.month < SEASONS["spring"])
    over = step < 0 and _months(year, begins, 3)[1] < today
    return _months(year if over else year + step, begins, 3)


def _months(year: int, month: int, count: int) -> tuple[date, date]:
    def begin(number: int) -> date:
        return date(year + (number - 1) // 12, (number - 1) % 12 + 1, 1)

    return begin(month), begin(month + count) - timedelta(days=1)
