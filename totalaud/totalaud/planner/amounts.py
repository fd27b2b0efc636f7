"""Hours a week and money, as a question says them."""

import re
from dataclasses import dataclass

from totalaud.planner.question import Unreadable

FIGURES = (
    r"(?<![-\u2013\d.,:])(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+|\d+(?:\.\d+)?)(?![.,]?\d)(k\b)?"
)
DOTTED = re.compile(r"\d{1,3}(?:\.\d{3})+")
HOURS = re.compile(FIGURES + r"\s*(?:h|hrs?|hours?)\s*(?:a|per|each|every|/)\s*(?:week|wk)\b")
TWO_HOURS = re.compile(r"\d\s*(?:to|or)\s+" + HOURS.pattern)
SIGN = r"(?<![-\w])[£$€]"
CODE = r"(?:gbp|usd|eur)\b"
UNIT = rf"(?:pounds?\b|dollars?\b|euros?\b|{CODE}|[£$€](?!\s*\d))"
MONEY = re.compile(
    rf"(?:{SIGN}|(?<![-\w]){CODE})\s*{FIGURES}(?![^\W_])(?:\s*{UNIT})?|{FIGURES}\s*{UNIT}"
    rf"|\bbudget(?: of| is|:)?\s+{FIGURES}(?!k?\s*{UNIT})"
)
CURRENCY = re.compile(rf"[£$€]|{UNIT}")
MORE_MONEY = re.compile(rf"[£$€]\s*\d|\d\s*{UNIT}")
ANOTHER = r"chf|francs?|sek|nok|dkk|isk|kr|kron[aeo]r?|pln|zloty|czk|huf|aud|cad|nzd|jpy|yen|rupees?"
ANOTHER_MONEY = re.compile(
    rf"[^\W\d_][$£€]\s*\d|[¥₹₩₺₽₴₪]\s*\d|\d\s*[¥₹₩₺₽₴₪]|\b(?:{ANOTHER})\s*\d|\d\s*(?:{ANOTHER})\b"
)
LEAST = r"over|above|more than|at least|from|(?:a )?min(?:imum)?(?: of)?"
AT_LEAST = re.compile(
    rf"(?:\b(?:{LEAST})\s+|>=?\s*)(?:{MONEY.pattern})|(?:{MONEY.pattern})"
    r"(?:\s*\+|[-\u2013]\d|\s*(?:(?:or|and) (?:more|above|over|up)|at least|(?:as )?(?:a )?min(?:imum)?)\b)"
)
AT_MOST = re.compile(
    r"\b(?:under|below|less than|within|up to|at most|max(?:imum)?\.?|(?:no|not) (?:more|over)(?: than)?)"
    rf"(?: of)?\s+(?={MONEY.pattern}|{HOURS.pattern})"
)
BROUGHT = re.compile(r"\b(?:pay(?:s|ing)?|paid|worth|wins?|prizes?)\b")
WE_PAY = re.compile(r"\b(?:i|we)(?:'d|'ll| can| could| would| will)? pay\b")
COSTS = re.compile(r"\b(?:under|below|max(?:imum)?|most|budget|fees?|costs?|costing|within|cheaper|free)\b")
HOW_MANY_HOURS = "how many hours a week? Say it like “4 hours a week”"
ONE_BUDGET = "I take one amount, the most that may be spent"
CURRENCIES = "I read amounts in pounds, euros and dollars of the US"


@dataclass(frozen=True, slots=True)
class Amounts:
    """What was said; `is_cost` and `is_gain` tell that money is spoken of as what is spent, or brought in."""

    hours_per_week: float | None
    budget: float | None
    currency: str | None
    is_cost: bool
    is_gain: bool


def amounts(plain: str) -> tuple[str, Amounts]:
    """Return the text without hours and money, and these; raises Unreadable where they are no upper limit."""
    if TWO_HOURS.search(plain):
        raise Unreadable(HOW_MANY_HOURS)
    is_cost = COSTS.search(plain) is not None
    plain, hours = _number(HOURS, AT_MOST.sub("", plain))
    if ANOTHER_MONEY.search(plain):
        raise Unreadable(CURRENCIES)
    if AT_LEAST.search(plain):
        raise Unreadable(ONE_BUDGET)
    money = MONEY.search(plain)
    plain, budget = _number(MONEY, plain)
    if budget is not None and MORE_MONEY.search(plain):
        raise Unreadable(ONE_BUDGET)
    currency = CURRENCY.search(money[0]) if money else None
    is_gain = BROUGHT.search(WE_PAY.sub("", plain)) is not None
    return plain, Amounts(hours, budget, currency[0] if currency else None, is_cost, is_gain)


def _number(pattern: re.Pattern[str], text: str) -> tuple[str, float | None]:
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
