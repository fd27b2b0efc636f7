"""What an attempt used and what it cost."""

from decimal import Decimal
from uuid import UUID

from shared.message import Stored


class Usage(Stored):
    """Sums over the provider calls of one attempt; a custom skill has none.

    `cost_usd` is what was paid: None where a price is unknown, 0 where the model is simulated.
    `list_price_usd` is what the same tokens cost at the provider's list price `price_version`.
    `input_tokens` includes `cached_tokens`. `in_doubt_usd` is what calls may have cost of which no answer was
    seen; it is not in `cost_usd`.
    """

    provider: str
    model: str
    calls: int = 1
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: Decimal | None = None
    list_price_usd: Decimal | None = None
    price_version: str | None = None
    simulated: bool = False
    in_doubt_usd: Decimal = Decimal(0)

    @property
    def at_most_usd(self) -> Decimal:
        """What is known to have been paid and what may have been; calls without a price are not in it."""
        return (self.cost_usd or Decimal(0)) + self.in_doubt_usd

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


class Cached(Stored):
    """A result that was there already, from an earlier attempt at the same question.

    `saved_usd` is what that attempt was paid: None where its price is unknown, 0 where the model was
    simulated; `saved_list_price_usd` as in `Usage`.
    """

    from_attempt: UUID
    saved_usd: Decimal | None = None
    saved_list_price_usd: Decimal | None = None
