"""Days and times as schemas have them (RFC 3339), as far as everybody who reads them can hold them.

The year 0, a second 60 and a small t are well written and still none of Python's.
"""

import re
from collections.abc import Callable
from datetime import date, datetime

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(_DAY.pattern + r"T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")


def _read(form: re.Pattern[str], how: Callable[[str], date]) -> Callable[[str], bool]:
    def reads(text: str) -> bool:
        try:
            return bool(form.fullmatch(text) and how(text))
        except ValueError:
            return False

    return reads


FORMATS = {"date": _read(_DAY, date.fromisoformat), "date-time": _read(_TIME, datetime.fromisoformat)}
