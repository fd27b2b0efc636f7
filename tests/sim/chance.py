"""What may go wrong, and how likely: drawn from one seed, so that the same seed is the same run."""

import math
import random
from collections import Counter
from dataclasses import dataclass
from typing import Literal, get_args

Fault = Literal["crash", "lost", "lost_ack", "doubled", "slow", "behind"]


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities for each single operation; `crash` comes once before and once after it."""

    crash: float = 0.0
    lost: float = 0.0
    lost_ack: float = 0.0
    doubled: float = 0.0
    slow: float = 0.0
    behind: float = 0.0


CALM = Faults()
LATENCY_S = 0.002
SLOW_S = 8.0
BEHIND_S = 0.5


class Chance:
    """The one source of chance of a run; `faults` are changed as it goes on."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.struck: Counter[Fault] = Counter()
        self.faults = CALM

    @property
    def faults(self) -> Faults:
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._faults = faults
        self._until: dict[Fault, float] = {fault: self._gap(fault) for fault in get_args(Fault)}

    def strikes(self, fault: Fault) -> bool:
        """Say whether something goes wrong, and count it: chance is asked once for each strike."""
        left = self._until[fault] = self._until[fault] - 1
        if left > 0:
            return False
        self._until[fault] = self._gap(fault)
        self.struck[fault] += 1
        return True

    def _gap(self, fault: Fault) -> float:
        """Draw the number of operations up to the next strike, that one included."""
        probability: float = getattr(self._faults, fault)
        if probability == 0:
            return math.inf
        if probability == 1:
            return 1
        return 1 + math.floor(math.log(1 - self.random.random()) / math.log(1 - probability))

    def happens(self, probability: float) -> bool:
        return self.random.random() < probability

    def behind(self) -> float:
        """Seconds that the copy of the log which is read is behind the others."""
        return self.random.random() * BEHIND_S if self.strikes("behind") else 0.0

    def latency(self) -> float:
        """Seconds that a message is under way."""
        return self.random.random() * (SLOW_S if self.strikes("slow") else LATENCY_S)
