"""What an attempt has so far; it is reported however the attempt ends."""

from dataclasses import dataclass, field
from typing import Any

from shared.usage import Usage
from skill_runner.pricing import total


@dataclass
class Ledger:
    """`partial` is what the skill had yielded, not yet sealed; `usage` the sum of its paid calls.

    `took_s` is the time between the start and the end of the skill itself, by the monotonic clock.
    """

    usage: Usage | None = None
    partial: Any = None
    took_s: float = 0.0
    warnings: list[str] = field(default_factory=list)

    def spend(self, usage: Usage) -> None:
        self.usage = usage if self.usage is None else total(self.usage, usage)

    def warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)
