"""The life of an opportunity or a piece of coverage: imported, and again when it reads otherwise."""

from dataclasses import dataclass
from datetime import date as Day  # noqa: N812
from typing import Any

from campaigns.keeping import Told
from shared.log import Past
from shared.record_events import CoverageImported, OpportunityImported
from shared.refusal import Refusal

Whole = OpportunityImported | CoverageImported


@dataclass(frozen=True, slots=True)
class Last:
    """What was imported last."""

    event: Whole | None = None


def decide(command: Told[Any], last: Last) -> list[Whole]:
    """Answer with what happens: what a row tells, over what was known, unless it is so already."""
    event: Whole = command.over(last.event)
    match event:
        case OpportunityImported(opens=Day() as opens, deadline=Day() as deadline) if opens > deadline:
            raise Refusal("invalid", "opens", "lies after the deadline")
        case _:
            pass
    return [] if event == last.event else [event]


def evolve(last: Last, past: Past) -> Last:
    """Take in what happened."""
    for event in past.events:
        if isinstance(event, OpportunityImported | CoverageImported):
            last = Last(event)
    return last
