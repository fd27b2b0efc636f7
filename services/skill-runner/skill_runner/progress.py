"""What an attempt has so far; it is reported however the attempt ends."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from shared.usage import ModelCall, Purpose, Usage
from skill_runner.pricing import total

MOST_WARNINGS, LONGEST_WARNING = 100, 500


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
        return (self.most_usd or Decimal(0)) if self.in_doubt else Decimal(0)

    @property
    def unpriced(self) -> Usage | None:
        """What stands for a call that nobody saw answered, nor knows what it may have cost."""
        if self.usage is None and self.in_doubt and self.most_usd is None:
            return Usage(provider=self.provider, model=self.model)
        return None

    @property
    def known_usd(self) -> Decimal:
        return (self.usage.cost_usd if self.usage else None) or Decimal(0)

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
            usage=self.usage or self.unpriced,
            in_doubt_usd=self.in_doubt_usd,
            started_at=self.started_at,
            duration_ms=round(1000 * (took_s if self.took_s is None else self.took_s)),
        )


class Progress(Struct):
    """`partial` is what the skill had yielded, not yet sealed; `usage` the sum of its paid calls.

    `items` are the places in the list of what `partial` holds, where a model is asked for each item.
    `took_s` is the time between the start and the end of the skill itself, by the monotonic clock.
    """

    usage: Usage | None = None
    partial: Any = None
    items: tuple[int, ...] = ()
    calls: list[ProviderCall] = []
    took_s: float = 0.0
    warnings: list[str] = []

    def keep(self, partial: Any) -> None:
        self.partial = partial

    def spend(self, usage: Usage) -> None:
        self.usage = usage if self.usage is None else total(self.usage, usage)

    @property
    def total(self) -> Usage | None:
        """What was paid, and what calls may have cost that did not tell; None if nobody was called.

        Beside a call without a price there is no sum, and then what is known is in what may have been paid.
        """
        usage = self.usage
        for call in self.calls:
            if (one := call.unpriced) is not None:
                usage = one if usage is None else total(usage, one)
        doubt = sum((call.in_doubt_usd for call in self.calls), Decimal(0))
        if usage is not None and usage.cost_usd is None:
            doubt += sum((call.known_usd for call in self.calls), Decimal(0))
        if not doubt:
            return usage
        first = self.calls[0]
        nothing = Usage(provider=first.provider, model=first.model, calls=0, cost_usd=Decimal(0))
        return replace(usage or nothing, in_doubt_usd=doubt)

    def warn(self, text: str) -> None:
        """Keep it once; beyond MOST_WARNINGS only that there are more."""
        kept = text[:LONGEST_WARNING]
        if len(self.warnings) <= MOST_WARNINGS and kept not in self.warnings:
            self.warnings.append(kept if len(self.warnings) < MOST_WARNINGS else "there is more to warn of")
