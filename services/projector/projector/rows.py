"""A commit in, changes out: stateless, so that a history gives the same rows whenever it is read."""

from collections.abc import Iterator

from projector.artists import artist_changes
from projector.changes import Alter, Change, Ensure, Row
from projector.contacts import contact_changes
from projector.definitions import agent_changes, skill_changes
from projector.ledgers import ledger_changes
from projector.market import whole_changes
from projector.outreach import campaign_changes
from projector.runs import run_changes
from shared.log import Recorded
from shared.subjects import Aggregate

TABLES = {"release": "releases", "opportunity": "opportunities", "coverage": "coverage"}


def changes(aggregate: Aggregate, recorded: Recorded) -> list[Change]:
    """Return what the commit changes, in order; an event that does not belong there is a ValueError."""
    match aggregate.noun:
        case "session" | "execution":
            return run_changes(aggregate, recorded)
        case "skill":
            return list(skill_changes(aggregate.id, recorded))
        case "agent":
            return list(agent_changes(aggregate.id, recorded))
        case "ledger":
            return list(ledger_changes(aggregate, recorded))
        case "contact":
            found = contact_changes(aggregate, recorded)
        case "artist":
            found = artist_changes(aggregate, recorded)
        case "campaign":
            found = campaign_changes(aggregate, recorded)
        case "release" | "opportunity" | "coverage":
            found = whole_changes(TABLES[aggregate.noun], aggregate, recorded)
    return [*found, *_snapshot(aggregate, recorded)]


def _snapshot(aggregate: Aggregate, recorded: Recorded) -> Iterator[Change]:
    """Tell after which commit the user's records last changed."""
    if aggregate.user is not None:
        row = Row("snapshots", aggregate.user)
        yield Ensure(row, {"seq": recorded.seq})
        yield Alter(row, {"seq": recorded.seq})
