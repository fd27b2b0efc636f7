"""Finds what goes together with more answers among mature pitches, one's own or the cohort's.

Patterns are associations: adjusted for contact type, checked against single campaigns, but no experiments.
"""

from typing import Any

from library.asked import how_many, share_of_false
from library.cohort import Whose, admitted, is_own, opted_in, withheld
from library.outcomes import MOST
from library.patterns import Rules
from library.pitched import own_pitches, pitches_of
from library.told_patterns import ADJUSTED, answer, nothing
from skill_runner.context import Context

Json = dict[str, Any]


def run(given: Json, context: Context) -> Json:
    """Return `patterns`, the firmest first, and how many attributes were `tested`."""
    rules, outcome = _rules(given), given["outcome"]
    if given["scope"] == "mine":
        return answer(context, own_pitches(context), outcome, rules)
    artists = opted_in(context)
    shown = admitted(artists, context)
    if not shown:
        return nothing(context, outcome, rules, warnings=[withheld(len(artists))])
    rows = pitches_of(context, shown)
    pitched = {row["artist"] for row in rows}
    heard = [one for one in artists if one["id"] in pitched]
    kept = set(admitted(heard, context))
    if not kept:
        return nothing(context, outcome, rules, warnings=[withheld(len(heard))])
    rows = [row for row in rows if row["artist"] in kept]
    own = {one["id"] for one in artists if is_own(one, context)}
    return answer(context, rows, outcome, rules, Whose([row["artist"] for row in rows], own))


def _rules(given: Json) -> Rules:
    return Rules(share_of_false(given), how_many(given, "min_support", MOST), ADJUSTED)
