"""How errors name a place in a message."""

import re
from collections.abc import Sequence

FIELD = re.compile(r"[\w$-]{1,64}")
NOT_SHOWN = "(…)"


def text_of(path: Sequence[str | int]) -> str:
    """Write a path as people read it: `contacts[0].name`."""
    told = (f"[{part}]" if isinstance(part, int) else f".{called(part)}" for part in path)
    return "".join(told).removeprefix(".")


def called(name: str) -> str:
    """Return a field's name; not what nobody calls a field, as an address that a table is keyed by."""
    return name if FIELD.fullmatch(name) else NOT_SHOWN
