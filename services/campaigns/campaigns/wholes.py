"""The life of an opportunity or a piece of coverage: imported whole, and again when it reads otherwise."""

from dataclasses import dataclass

from shared.log import Past
from shared.record_events import CoverageImported, OpportunityImported

Whole = OpportunityImported | CoverageImported


@dataclass(frozen=True, slots=True)
class Last:
    """What was imported last."""

    event: Whole | None = None


def decide(command: Whole, last: Last) -> list[Whole]:
    """Answer with what happens: an import's event is its command, unless it is so already."""
    return [] if command == last.event else [command]


def evolve(last: Last, past: Past) -> Last:
    """Take in what happened."""
    for event in past.events:
        if isinstance(event, OpportunityImported | CoverageImported):
            last = Last(event)
    return last
