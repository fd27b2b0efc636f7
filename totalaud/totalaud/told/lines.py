"""Lines of text, at most 80 columns wide but for long URLs."""

import textwrap
from collections.abc import Iterable, Sequence
from unicodedata import east_asian_width

WIDTH = 80
BESIDE = "\ufdd0"


def counted(many: int, what: str) -> str:
    return f"{many} {what}" if many == 1 else f"{many} {what}s"


def some(names: Sequence[str], most: int) -> str:
    """Name the first ones, and say how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def and_more(many: int, shown: int) -> list[str]:
    """Say how many are not shown, where some are not."""
    return [f"  and {many - shown} more"] if many > shown else []


def wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    """Break a text between words; a URL stays whole, however long, so that it can be copied.

    A letter that is two columns wide, as those of Chinese and Japanese are, counts as two.
    """
    spaced = "".join(f"{BESIDE}{sign}" if east_asian_width(sign) in "WF" else sign for sign in text)
    lines = textwrap.wrap(
        spaced,
        WIDTH if spaced == text else WIDTH - 1,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        break_long_words="://" not in text,
    )
    return [line.replace(BESIDE, "") for line in lines] or [first.rstrip()]


def all_wrapped(texts: Iterable[str], first: str = "", rest: str = "") -> list[str]:
    """Break several texts, each as if it stood alone."""
    return [line for text in texts for line in wrapped(text, first, rest)]
