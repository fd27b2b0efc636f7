"""The spans of time that a question may name, and those that no answer can be narrowed to."""

import re
from typing import cast

from totalaud.planner import words as w
from totalaud.planner.names import Reading
from totalaud.planner.question import Intent, Unread, Window
from totalaud.planner.rules import SLOTS

SPAN = re.compile(r"\b(?:\d+|two|three|four|five|six|ten|twelve|few|several) (?:days|weeks|months|years)\b")
NO_SUCH_WINDOW = "I can look at the last 7 days, at 28 days or at all of it, not at “{}”"
DATES: dict[Intent, str] = {
    "plan": ": 'totalaud releases plan' sets the day of a release",
    "opportunities": ": 'totalaud opportunities list' has the deadlines",
}


def window_of(reading: Reading) -> Window | None:
    """Take the span that is named, if there is one."""
    for window, phrases in w.WINDOWS.items():
        for phrase in phrases:
            if reading.drop(phrase.split()):
                while reading.drop(phrase.split()):
                    pass
                return cast("Window", window)
    return None


def unread_time(intent: Intent, reading: Reading) -> Unread | None:
    """Refuse a time that no answer can be narrowed to, with the times there are."""
    span = SPAN.search(reading.text())
    now = {"today"} if intent == "next" else set[str]()
    times = [span[0]] if span else sorted({word for _, word in reading.rest()} & w.NO_WINDOW - now)
    if not times:
        return None
    if "window" in SLOTS[intent]:
        return Unread(NO_SUCH_WINDOW.format(times[0]))
    if "hours_per_week" in SLOTS[intent] and times[0].startswith("hour"):
        return Unread("how many hours a week? Say it like “4 hours a week”")
    return Unread(f"no time can be said here, such as “{times[0]}”{DATES.get(intent, '')}")
