"""The spans of time that a question may name, and those that no answer can be narrowed to."""

import re
from collections.abc import Iterable
from typing import cast

from totalaud.planner import words as w
from totalaud.planner.amounts import HOW_MANY_HOURS
from totalaud.planner.names import WORD, Reading
from totalaud.planner.question import Intent, Question, Unreadable, Window
from totalaud.planner.rules import SLOTS

SPAN = re.compile(r"\b(?:\d+|two|three|four|five|six|ten|twelve|few|several) (?:days|weeks|months|years)\b")
DATE = re.compile(r"\b(?:\d{4}-\d\d(?:-\d\d)?|\d{1,2}/\d{1,2}(?:/\d{2,4})?|\d{1,2}\.\d{1,2}\.\d{2,4})\b")
PART_OF_DATE = re.compile(
    r"\b(?:in|of|for|from|since|during|before|after|until|till) ((?:19|20)\d\d)\b"
    r"|\b(?:on|by|for|from|since|before|after|until|till) (the \d{1,2}(?:st|nd|rd|th))\b(?! \w)"
)
ANOTHER = re.compile(
    r"\b(?:since (?!the start\b(?! of (?:the |this )?(?:week|month)))(?:the |my |our )?\w+"
    r"|(?:week|month)s? (?:before|ago)(?: last)?"
    r"|(?:week|month) \d+|(?:previous|first|second|third|other|each|every) (?:week|month))\b"
)
SHORT = re.compile(r"\b(?:\d+[hdw]|(?:before|after|until) (?:the|my|our) release)\b")
LOOKED_AT: frozenset[Intent] = frozenset({"performance", "report"})
LAST_WEEK = "looks at the last 7 days, as no time was said; “this month” or “overall” looks further"
ALL = "looks at all of it, as no time was said and its latest pitch is older than 7 days"
TAKEN_FOR = "looks at the last {} days for “{}”"
DAYS: dict[Window, int] = {"7d": 7, "28d": 28}
LOOSE = frozenset({"this week", "last week", "this month", "last month", "past month", "last 30 days"})
NO_SUCH_WINDOW = "I can look at the last 7 days, at 28 days or at all of it, not at “{}”"
NOW_ONLY = "I say what there is to do now, not at another time such as “{}”"
DATES: dict[Intent, str] = {
    "plan": ": 'totalaud releases plan' sets the day of a release",
    "opportunities": ": 'totalaud opportunities list' has the deadlines",
}


def window_of(reading: Reading) -> tuple[Window | None, str | None]:
    """Take the span that is named, if there is one, and the words for it; the week before last is none."""
    if ANOTHER.search(reading.text()):
        return None, None
    for window, phrases in w.WINDOWS.items():
        if said := _taken(reading, phrases):
            return cast("Window", window), said[0]
    return None, None


def refuse_two_spans(intent: Intent, reading: Reading, span: str | None) -> None:
    """Refuse a month beside the week that was taken."""
    month = _taken(reading, w.WINDOWS["28d"]) if intent in LOOKED_AT and span in w.WINDOWS["7d"] else []
    if month:
        raise Unreadable(f"one span of time at a time: {span} or {month[0]}")


def _taken(reading: Reading, phrases: Iterable[str]) -> list[str]:
    found = list[str]()
    for phrase in phrases:
        while reading.drop(phrase.split()):
            found.append(phrase)
    return found


def looked_at(question: Question, *, over: bool) -> tuple[Window, list[str]]:
    """Return the span to look at, and what to say of it: last month is no month of the calendar here.

    `over` says that nothing was sent in the last days.
    """
    if question.window is None:
        return ("all", [ALL]) if over else ("7d", [LAST_WEEK])
    if question.span in LOOSE:
        return question.window, [TAKEN_FOR.format(DAYS[question.window], question.span)]
    return question.window, []


def refuse_time(intent: Intent, plain: str, reading: Reading) -> None:
    """Refuse a time that no answer can be narrowed to, with the times there are."""
    times = [*_dates(plain, reading), *SPAN.findall(reading.text()), *ANOTHER.findall(reading.text())]
    times += _words(intent, reading.rest())
    times += SHORT.findall(reading.text()) if intent in LOOKED_AT else []
    times += _bounds(reading) if intent in {*LOOKED_AT, "answers"} else []
    if not times:
        return
    if intent == "next":
        raise Unreadable(NOW_ONLY.format(times[0]))
    if "window" in SLOTS[intent]:
        raise Unreadable(NO_SUCH_WINDOW.format(times[0]))
    if "hours_per_week" in SLOTS[intent] and times[0].startswith("hour"):
        raise Unreadable(HOW_MANY_HOURS)
    raise no_time(intent, times[0])


def no_time(intent: Intent, said: str | None) -> Unreadable:
    """Return what refuses the time that was said, and names the command that tells of days."""
    return Unreadable(f"no time can be said here, such as “{said}”{DATES.get(intent, '')}")


def _bounds(reading: Reading) -> list[str]:
    """Return what bounds a time by a name or a span: since Glass Coast, after last week."""
    pairs = zip(reading.said, reading.said[1:], reading.used, reading.used[1:], strict=False)
    return [f"{word} {next_}" for word, next_, one, two in pairs if word in w.BOUNDS and two and not one]


def _words(intent: Intent, rest: Iterable[tuple[str, str]]) -> list[str]:
    """Return words for a time; summer and the like may as well name something else."""
    found = w.NO_WINDOW - ({"today"} if intent == "next" else set[str]())
    parts = frozenset[str]()
    if "window" in SLOTS[intent]:
        found, parts = found | w.TIMES, w.PARTS_OF_TIME
    return [word for before, word in rest if word in found or (word in parts and before in w.AT)]


def _dates(plain: str, reading: Reading) -> list[str]:
    """Return what is written as a date, of words that stand for nothing else."""
    left = {word for _, word in reading.rest()}
    written = [at[0] for at in DATE.finditer(plain) if left.issuperset(WORD.findall(at[0]))]
    return [*written, *(at[1] or at[2] for at in PART_OF_DATE.finditer(reading.text()))]
