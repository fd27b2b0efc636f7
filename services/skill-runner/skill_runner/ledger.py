"""What an attempt has so far; it is reported however the attempt ends."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from shared.usage import ModelCall, Usage
from skill_runner.pricing import total


@dataclass
class Call:
    """A call of a model from its beginning on; `took_s` is None until something came back."""

    item: int | None
    number: int
    purpose: Literal["first", "repair"]
    provider: str
    model: str
    started_at: datetime
    outcome: str = "unanswered"
    failed_checks: tuple[str, ...] = ()
    usage: Usage | None = None
    took_s: float | None = None

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
            usage=self.usage,
            started_at=self.started_at,
            duration_ms=round(1000 * (took_s if self.took_s is None else self.took_s)),
        )


@dataclass
class Ledger:
    """`partial` is what the skill had yielded, not yet sealed; `usage` the sum of its paid calls.

    `items` are the places in the list of what `partial` holds, where a model is asked for each item.
    `took_s` is the time between the start and the end of the skill itself, by the monotonic clock.
    """

    usage: Usage | None = None
    partial: Any = None
    items: tuple[int, ...] = ()
    calls: list[Call] = field(default_factory=list)
    took_s: float = 0.0
    warnings: list[str] = field(default_factory=list)

    def spend(self, usage: Usage) -> None:
        self.usage = usage if self.usage is None else total(self.usage, usage)

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)
