"""What an attempt used and what it cost."""

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from shared.message import Stored

Purpose = Literal["first", "repair"]


class Usage(Stored, frozen=True, kw_only=True):
    """Sums over the provider calls of one attempt; a custom skill has none.

    `cost_usd` is what was paid: None where a price is unknown, 0 where the model is simulated.
    `list_price_usd` is what the same tokens cost at the provider's list price `price_version`.
    `input_tokens` includes `cached_tokens`. `in_doubt_usd` is what calls may have cost of which no answer was
    seen, or one that did not tell; it is not in `cost_usd`.
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


class Cached(Stored, frozen=True, kw_only=True):
    """A result that was there already, from an earlier attempt at the same question.

    `saved_usd` is what that attempt was paid: None where its price is unknown, 0 where the model was
    simulated; `saved_list_price_usd` as in `Usage`.
    """

    from_attempt: UUID
    saved_usd: Decimal | None = None
    saved_list_price_usd: Decimal | None = None


class ModelCall(Stored, frozen=True, kw_only=True):
    """One call of a model, whatever became of it.

    `usage` is None where no answer came; without tokens and price where one may have come, and the price of
    the model is not known either.

    `item` is the place in the list of a skill that asks once for each, from 0; `number` counts the calls of
    that item in its attempt, from 1. `outcome` is `passed`, `checks_failed` (which ones is in
    `failed_checks`), `cut_off`, `unread` when the attempt was over before the answer was judged, `unanswered`
    when the call was stopped, or the code of an error. Where nobody knows whether a call is paid,
    `in_doubt_usd` is what it may have cost at most.
    """

    item: int | None = None
    number: int
    purpose: Purpose
    provider: str
    model: str
    outcome: str
    failed_checks: tuple[str, ...] = ()
    usage: Usage | None = None
    in_doubt_usd: Decimal = Decimal(0)
    started_at: datetime
    duration_ms: int
