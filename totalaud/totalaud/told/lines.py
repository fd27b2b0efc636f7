"""Lines of text, at most 80 columns wide but for long URLs."""

import textwrap

WIDTH = 80


def counted(many: int, what: str) -> str:
    return f"{many} {what}" if many == 1 else f"{many} {what}s"


def wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    """Break a text between words; a URL stays whole, however long, so that it can be copied."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        break_long_words="://" not in text,
    ) or [first.rstrip()]
