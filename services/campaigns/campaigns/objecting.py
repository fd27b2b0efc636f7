"""What files write of those who must not be written to: a word, or the day on which they said so."""

import re

OBJECTED = frozenset({"unsubscribed", "opted out", "opt out", "do not contact", "do not email", "dnc"})
WILLING = frozenset({"subscribed"})
_DAY = re.compile(r"[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}\b")
_BETWEEN = re.compile(r"[\s_-]+")


def objects(text: str) -> bool:
    """Tell whether a cell says so by itself, whatever its column is called."""
    return _plain(text) in OBJECTED


def objected(text: str) -> bool | None:
    """Read a cell of the column that is meant for it; None: it says something else."""
    if objects(text) or _DAY.match(text.strip()):
        return True
    return False if _plain(text) in WILLING else None


def _plain(text: str) -> str:
    return _BETWEEN.sub(" ", text.casefold()).strip()
