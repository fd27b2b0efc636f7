"""What files write of those who must not be written to: a word, or the day on which they said so."""

import re

from campaigns.values import word

OBJECTED = frozenset({"unsubscribed", "opted out", "opt out", "do not contact", "do not email", "dnc"})
WILLING = frozenset({"subscribed"})
LONGEST = 50
_MONTH = r"[^\W\d_]{3,9}"
_DAY = re.compile(
    r"[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}(?![0-9])"
    rf"|(?:[^\W\d_]{{2,9}}\.?,? )?[0-9]{{1,2}}(?:st|nd|rd|th)?[-. ]+{_MONTH}[-., ]+[0-9]{{2,4}}(?![0-9])"
    rf"|(?:[^\W\d_]{{2,9}}\.?,? )?{_MONTH}\.? [0-9]{{1,2}}(?:st|nd|rd|th)?,? [0-9]{{4}}(?![0-9])"
)
_NO_DAY = re.compile(r"0+[-./]0+[-./]0+[ T:.0Z]*", re.IGNORECASE)


def says_objected(text: str) -> bool:
    """Tell whether a cell says so by itself, whatever its column is called."""
    return len(text) <= LONGEST and word(text) in OBJECTED


def objected(text: str) -> bool | None:
    """Read a cell of the column that is meant for it, where 0000-00-00 is no day; None: it says neither."""
    if word(text) in WILLING or _NO_DAY.fullmatch(text.strip()):
        return False
    return True if says_objected(text) or _DAY.match(text.strip()) else None
