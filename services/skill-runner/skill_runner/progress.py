"""What an attempt has so far; it is reported however the attempt ends."""

from datetime import datetime
from decimal import Decimal
from functools import reduce
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from shared.usage import ModelCall, Purpose, Usage
from skill_runner.pricing import total

MOST_WARNINGS, LONGEST_WARNING = 100, 500
NOTHING = Decimal(0)


class ProviderCall(Struct):
    """A call of a model from its beginning on; `took_s` is None until something came back.

    `most_usd` is the most that it can cost; `in_doubt` until an answer was seen that says what it used, or
    that there is none.
    """

    item: int | None
    number: int
    purpose: Purpose
    provider: str
    model: str
    started_at: datetime
    outcome: str = "unanswered"
    failed_checks: tuple[str, ...] = ()
    usage: Usage | None = None
    took_s: float | None = None
    most_usd: Decimal | None = Decimal(0)
    in_doubt: bool = True

    @property
    def in_doubt_usd(self) -> Decimal:
        return (self.most_usd or NOTHING) if self.in_doubt else NOTHING

    @property
    def counted(self) -> Usage | None:
        """What of it is in the sum of its attempt; None where what it may have cost stands beside that.

        A call of unknown price is in it, so that the sum is unknown too, also one that nobody saw answered.
        """
        if not self.in_doubt:
            return self.usage
        if self.most_usd is None:
            return self.usage or Usage(provider=self.provider, model=self.model)
        return replace(self.usage, cost_usd=NOTHING, list_price_usd=NOTHING) if self.usage else None

    @property
    def known_usd(self) -> Decimal:
        return (self.usage.cost_usd if self.usage else None) or NOTHING

    def told(self, took_s: float) -> ModelCall:
        """Return what the log keeps; `took_s` is how long the attempt ran, for a call that it gave up."""
        return ModelCall(
            item=self.item,
            number=self.number,
            purpose=self.purpose,
            provider=self.provider,
            model=self.model,
            outcome=self.outcome,
            failed_checks=self.failed_checks,
            usage=self.usage or self.counted,
            in_doubt_usd=self.in_doubt_usd,
            started_at=self.started_at,
            duration_ms=round(1000 * (took_s if self.took_s is None else self.took_s)),
        )


class Progress(Struct):
    """`partial` is what the skill had yielded, not yet sealed; `calls` are those of models.

    `items` are the places in the list of what `partial` holds, where a model is asked for each item.
    `took_s` is the time between the start and the end of the skill itself, by the monotonic clock.
    """

    partial: Any = None
    items: tuple[int, ...] = ()
    calls: list[ProviderCall] = []
    took_s: float = 0.0
    warnings: list[str] = []

    def keep(self, partial: Any) -> None:
        self.partial = partial

    @property
    def total(self) -> Usage | None:
        """What was paid, and what calls may have cost that did not tell; None if nobody was called.

        Beside a call without a price there is no sum, and then what is known is in what may have been paid.
        """
        counted = [usage for call in self.calls if (usage := call.counted) is not None]
        usage = reduce(total, counted) if counted else None
        doubt = sum((call.in_doubt_usd for call in self.calls), NOTHING)
        if usage is not None and usage.cost_usd is None:
            doubt += sum((call.known_usd for call in self.calls), NOTHING)
        if not doubt:
            return usage
        first = self.calls[0]
        nothing = Usage(provider=first.provider, model=first.model, calls=0, cost_usd=NOTHING)
        return replace(usage or nothing, in_doubt_usd=doubt)

    def warn(self, text: str) -> None:
        """Keep it once; beyond MOST_WARNINGS only that there are more."""
        kept = text[:LONGEST_WARNING]
        if len(self.warnings) <= MOST_WARNINGS and kept not in self.warnings:
            self.warnings.append(kept if len(self.warnings) < MOST_WARNINGS else "there is more to warn of")
