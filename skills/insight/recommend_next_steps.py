"""Says what to do next: what the rows call for, ranked by expected gain less fatigue less effort."""

from typing import Any

from library.actions import Action, ranked
from library.asked import how_many
from library.figures import with_outcome
from library.meta import own_data
from library.next_steps import proposed
from library.outcomes import bounded
from library.situation import MOST_CAMPAIGNS, Situation, situation
from skill_runner.context import Context

FEWEST_PITCHES, MOST = 100, 100
NOTHING_THERE = (
    "nothing is recorded yet: 'totalaud contacts import' brings whom you know, 'totalaud artists set' and "
    "'totalaud releases plan' what you have to offer"
)

Json = dict[str, Any]


def run(given: Json, context: Context) -> Json:
    """Return `actions`, what is worth most first."""
    limit = how_many(given, "limit", MOST)
    at = situation(context, given.get("campaign_id"), given.get("artist_id"))
    actions = ranked(proposed(at), given["risk"])
    return {
        "actions": [action.told() for action in actions[:limit]],
        "meta": _meta(context, at, actions),
    }


def _meta(context: Context, at: Situation, actions: list[Action]) -> Json:
    n = len(at.mature)
    warnings = bounded(len(at.history))
    warnings += [f"the latest {MOST_CAMPAIGNS} campaigns were looked at"] if at.more_campaigns else []
    if not actions:
        there = at.history or at.campaigns or at.artists or at.opportunities
        warnings.append("no step is worth its effort now" if there else NOTHING_THERE)
    if missing := max(FEWEST_PITCHES - n, 0):
        warnings.append(f"gains are rough: {with_outcome(n)}, {missing} more would make them your own")
    return own_data(context, n, missing=missing, warnings=warnings)
