"""What a step may cost at most, by the price table that ships with the product."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

CALLS_OF_A_CHECKED_TEXT = 2
INPUT_TOKENS = 2_000


@dataclass(frozen=True, slots=True)
class Cost:
    """`usd` is a list price, at most; None is a price that nobody knows."""

    usd: float | None
    calls: int = 0

    @property
    def free(self) -> bool:
        return self.calls == 0


FREE = Cost(0.0)


def expected(skill: Mapping[str, Any] | None, items: int = 1) -> Cost:
    """Return what `items` texts of a skill cost if each is written twice; custom skills are free."""
    if skill is None or skill["provider"] == "custom":
        return FREE
    calls = CALLS_OF_A_CHECKED_TEXT * max(items, 1)
    most = int((skill.get("config") or {}).get("max_tokens") or 1024)
    one = _price(skill["provider"], skill.get("model"), most)
    return Cost(None if one is None else float(one) * calls, calls)


def _price(provider: str, model: str | None, output_tokens: int) -> Decimal | None:
    from genai_prices import Usage, calc_price

    try:
        counts = Usage(input_tokens=INPUT_TOKENS, output_tokens=output_tokens)
        return calc_price(counts, model or "", provider_id=provider).total_price
    except LookupError:
        return None
