"""What is asked of a run."""

from dataclasses import dataclass
from uuid import UUID

from shared.subjects import Aggregate
from sim.chance import Faults
from sim.skills import SKILLS


@dataclass
class Asked:
    """A session, or a skill alone: whether its start is a bad one, and whether its own limit still holds.

    `fresh` has the steps that are not to be answered from the cache, `beside` the session that it is for.
    """

    aggregate: Aggregate
    bad: bool
    limited: bool
    fresh: frozenset[int] = frozenset()
    beside: UUID | None = None


@dataclass(frozen=True)
class Focus:
    """What runs are to be about; what is not given is drawn by the seed."""

    skills: tuple[str, ...] = (*SKILLS, *(skill for skill in SKILLS if skill != "guess"))
    faults: Faults | None = None
    cancelled: float = 0.2
    alone: float = 0.2
    restarts: float = 0.3
    calm: float = 0.15
    limited: float = 0.3
    released: float = 0.2
    ack_wait_s: float = 6.0


ANYTHING = Focus()
