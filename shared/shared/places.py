"""How errors name a place in a message."""

from collections.abc import Sequence


def text_of(path: Sequence[str | int]) -> str:
    """Write a path as people read it: `contacts[0].name`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
