"""What may go wrong, and how likely: drawn from one seed, so that the same seed is the same run."""

import random
from collections import Counter
from dataclasses import dataclass
from typing import Literal

Fault = Literal["crash", "lost", "lost_ack", "doubled", "slow"]


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities for each single operation; `crash` comes once before and once after it."""

    crash: float = 0.0
    lost: float = 0.0
    lost_ack: float = 0.0
    doubled: float = 0.0
    slow: float = 0.0


CALM = Faults()
LATENCY_S = 0.002
SLOW_S = 8.0


class Chance:
    """The one source of chance of a run; `faults` is changed as the run goes on."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.faults = CALM
        self.struck: Counter[Fault] = Counter()

    def strikes(self, fault: Fault) -> bool:
        """Say whether something goes wrong, and count it."""
        probability: float = getattr(self.faults, fault)
        if probability == 0 or self.random.random() >= probability:
            return False
        self.struck[fault] += 1
        return True

    def happens(self, probability: float) -> bool:
        return self.random.random() < probability

    def latency(self) -> float:
        """Seconds that a message is under way."""
        if self.strikes("slow"):
            return self.random.uniform(0, SLOW_S)
        return self.random.uniform(0, LATENCY_S)
