"""Hours a week and money, as a question says them."""

import re

FIGURES = r"(?<![-\d.,])(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+|\d+(?:\.\d+)?)(?![.,]?\d)(k\b)?"
DOTTED = re.compile(r"\d{1,3}(?:\.\d{3})+")
HOURS = re.compile(FIGURES + r"\s*(?:h|hrs?|hours?)\s*(?:a|per|each|every|/)\s*(?:week|wk)\b")
UNIT = r"(?:pounds?|dollars?|euros?|gbp|usd|eur)\b"
MONEY = re.compile(
    rf"(?<!-)[£$€]\s*{FIGURES}|{FIGURES}\s*{UNIT}|\bbudget(?: of| is|:)?\s+{FIGURES}(?!k?\s*{UNIT})"
)
CURRENCY = re.compile(rf"[£$€]|{UNIT}")
MORE_MONEY = re.compile(r"[£$€]\s*\d")
AT_LEAST = re.compile(rf"(?:\b(?:over|above|more than|at least|from)\s+|>=?\s*)(?:{MONEY.pattern})")


def number(pattern: re.Pattern[str], text: str) -> tuple[str, float | None]:
    """Return the text without the first amount that the pattern finds, and the amount."""
    found = pattern.search(text)
    if found is None:
        return text, None
    figures, thousands = next(
        (one, more) for one, more in zip(*[iter(found.groups())] * 2, strict=True) if one
    )
    if not thousands and DOTTED.fullmatch(figures):
        figures = figures.replace(".", "")
    return pattern.sub(" ", text, count=1), float(figures.replace(",", "")) * (1000 if thousands else 1)


def currency(money: str) -> str | None:
    found = CURRENCY.search(money)
    return found[0] if found else None
