"""A commit in, changes out: stateless, so that a history gives the same rows whenever it is read."""

from projector.changes import Change
from projector.contacts import contact_changes
from projector.definitions import agent_changes, skill_changes
from projector.runs import run_changes
from shared.log import Recorded
from shared.subjects import Aggregate


def changes(aggregate: Aggregate, recorded: Recorded) -> list[Change]:
    """Return what the commit changes, in order; an event that does not belong there is a ValueError."""
    match aggregate.noun:
        case "session" | "execution":
            return list(run_changes(aggregate, recorded))
        case "skill":
            return list(skill_changes(aggregate.id, recorded))
        case "agent":
            return list(agent_changes(aggregate.id, recorded))
        case "contact":
            return list(contact_changes(aggregate, recorded))
        case _:
            return []


__all__ = ["changes"]
