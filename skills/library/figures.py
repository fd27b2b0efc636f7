"""Figures as sentences write them: so many of something, what is missing, shares and rates."""

from typing import Any

import numpy as np


def counted(n: int, noun: str, many: str = "") -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {many or noun + 's'}"


def with_outcome(pitches: int) -> str:
    """Say of how many pitches it is known what became of them."""
    return f"{counted(pitches, 'pitch', 'pitches')} with a known outcome"


def needing(n: int) -> str:
    """Say how many more are needed."""
    return f"{n} more {'is' if n == 1 else 'are'} needed"


def percent(share: float) -> str:
    """Write a share in percent to one place, a half rounded up: 3 of 48 are 6.3 %."""
    return f"{tenths(share)} %"


def span(rate: dict[str, Any]) -> str:
    """Write a rate as 6.3 % (2.1-16.8), with a dash for a span."""
    return f"{percent(rate['mean'])} ({tenths(rate['lo'])}–{tenths(rate['hi'])})"


def tenths(share: float) -> str:
    return f"{np.floor(1000 * share + 0.5) / 10:.1f}"
