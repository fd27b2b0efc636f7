"""What a step may cost at most, by the price table that ships with the product."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared import models

CALLS_OF_A_CHECKED_TEXT = 2
LEAST_INPUT_TOKENS, INSTRUCTION_TOKENS, LETTERS_A_TOKEN = 2_000, 1_000, 3


@dataclass(frozen=True, slots=True)
class Cost:
    """`usd` is a list price, at most; None is a price that nobody knows."""

    usd: float | None
    calls: int = 0

    @property
    def free(self) -> bool:
        return self.calls == 0


FREE = Cost(0.0)


def expected(skill: Mapping[str, Any] | None, items: int = 1, given: Mapping[str, Any] | None = None) -> Cost:
    """Return what `items` texts of a skill cost if each has to be repaired; custom skills are free.

    Each text is told all that is `given`; what a step before hands over is as long as usual.
    """
    if skill is None or skill["provider"] == "custom":
        return FREE
    most = int((skill.get("config") or {}).get("max_tokens") or 1024)
    aliases = models.of_environment()[skill["provider"]]
    name = skill.get("model")
    letters = len(json.dumps(dict(given or {}), default=str))
    told = max(LEAST_INPUT_TOKENS, INSTRUCTION_TOKENS + letters // LETTERS_A_TOKEN)
    first = _price(skill["provider"], aliases, name, told, most)
    repair = _price(skill["provider"], aliases, aliases.above(name), told + most, most)
    count = max(items, 1)
    usd = None if first is None or repair is None else float(first + repair) * count
    return Cost(usd, CALLS_OF_A_CHECKED_TEXT * count)


def _price(
    provider: str, aliases: models.Aliases, name: str | None, input_tokens: int, output_tokens: int
) -> Decimal | None:
    """Price a call that may answer at such length."""
    from genai_prices import Usage, calc_price

    model = aliases.resolve(name).model
    at = models.terms(aliases.settings.get(model, {}))
    try:
        counts = Usage(input_tokens=input_tokens, output_tokens=output_tokens)
        return calc_price(counts, model, provider_id=provider, price_context=at).total_price
    except LookupError:
        return None
