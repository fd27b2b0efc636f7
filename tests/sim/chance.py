"""What may go wrong, and how likely: drawn from one seed, so that the same seed is the same run."""

import random
from dataclasses import dataclass


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

    def strikes(self, probability: float) -> bool:
        return probability > 0 and self.random.random() < probability

    def latency(self) -> float:
        """Seconds that a message is under way."""
        if self.strikes(self.faults.slow):
            return self.random.uniform(0, SLOW_S)
        return self.random.uniform(0, LATENCY_S)
