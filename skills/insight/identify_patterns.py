"""Finds what goes together with more answers among mature pitches, one's own or the cohort's.

Patterns are associations: adjusted for contact type, checked against single campaigns, but no experiments.
"""

from typing import Any

from library.cohort import admitted, opted_in, withheld
from library.patterns import Rules
from library.pitched import own_pitches, pitches_of
from library.told_patterns import ADJUSTED, answer, nothing
from skill_runner.context import Context, SkillError

Json = dict[str, Any]


def run(given: Json, context: Context) -> Json:
    """Return `patterns`, the firmest first, and how many attributes were `tested`."""
    rules, outcome = _rules(given), given["outcome"]
    if given["scope"] == "mine":
        return answer(context, own_pitches(context), outcome, rules)
    artists = opted_in(context)
    shown = admitted(artists, str(context.user))
    if not shown:
        return nothing(context, outcome, rules, warnings=[withheld(len(artists))])
    rows = pitches_of(context, shown)
    return answer(context, rows, outcome, rules, [row["artist"] for row in rows])


def _rules(given: Json) -> Rules:
    if not 0 < given["fdr"] < 1:
        raise SkillError("fdr: a share between 0 and 1 is wanted, such as 0.1")
    if given["min_support"] < 1:
        raise SkillError("min_support: at least 1 is wanted")
    return Rules(given["fdr"], given["min_support"], ADJUSTED)
