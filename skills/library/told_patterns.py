"""Patterns as they are told: the search's findings as `Pattern`s, in words, and what they lack."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from library.cohort import Whose, hides_each
from library.exact import lift
from library.figures import counted, needing, span, with_outcome
from library.localtime import unzoned
from library.meta import own_data
from library.outcomes import MOST
from library.patterns import Finding, Rules, missing_pitches, search
from library.pitched import TIMES, columns, shared_only
from library.rates import wilson
from library.references import references
from library.subgroups import UNKNOWN, Column, Sample
from skill_runner.context import Context

FEWEST_PITCHES, FEWEST_SUCCESSES = 100, 5
ADJUSTED = "contact type"
LACKING_SHOWN = 12
SMALL = 0.001
WORDS = {
    ("genre match", "yes"): "genre-matched contacts",
    ("genre match", "no"): "contacts of other genres",
}
SAID = {"suggestive": "suggestive, but it may be chance"}

Json = dict[str, Any]


def answer(
    context: Context, rows: list[Json], outcome: str, rules: Rules, whose: Whose | None = None
) -> Json:
    """Return what pitches show, the firmest first; `whose` says whose each pitch is, of a cohort."""
    successes = sum(row[outcome] for row in rows)
    if len(rows) < FEWEST_PITCHES or successes < FEWEST_SUCCESSES:
        return nothing(context, outcome, rules, successes=successes, pitches=len(rows))
    sample = sample_of(rows, outcome, whose)
    findings, tested = search(sample, rules)
    told = [one for one in findings if whose is None or _hides_each(one, sample, whose)]
    lacking = [one for one in told if one.verdict == "not_enough_data"]
    firm = [one for one in told if one.verdict != "not_enough_data"]
    warnings = [f"the latest {MOST} mature pitches were looked at"] if len(rows) >= MOST else []
    if any(name in TIMES for one in firm for name, _ in one.rule):
        warnings += unzoned(row["timezone"] for row in rows)
    return {
        "patterns": [pattern(one, outcome) for one in (*firm, *_most_asked_for(lacking))],
        "tested": tested,
        "references": [],
        "meta": own_data(context, len(rows), warnings=warnings),
    }


def nothing(
    context: Context,
    outcome: str,
    rules: Rules,
    *,
    successes: int = 0,
    pitches: int = 0,
    warnings: Sequence[str] = (),
) -> Json:
    """Say how many pitches are missing, and cite what others have published."""
    needed = missing_pitches(successes, pitches, level=rules.fdr / 20, share=0.5, have=pitches)
    lacking = f"not enough data: {with_outcome(pitches)}, about {needing(needed)}"
    cited = references(outcome)
    return {
        "patterns": [],
        "tested": 0,
        "references": cited,
        "meta": own_data(
            context,
            pitches,
            missing=needed,
            sources=sorted({one["source"] for one in cited}),
            warnings=[lacking, *warnings],
        ),
    }


def sample_of(rows: list[Json], outcome: str, whose: Whose | None) -> Sample:
    """Turn pitches into columns; of a cohort, values and attributes that ten artists share."""
    values = columns(rows)
    if whose is not None:
        enough = partial(hides_each, own=whose.own)
        values = {name: shared_only(column, whose.artists, enough) for name, column in values.items()}
    made = {name: Column.of(column) for name, column in values.items()}
    return Sample(
        np.array([row[outcome] for row in rows], dtype=bool),
        {name: column for name, column in made.items() if column.values or name in TIMES},
        made[ADJUSTED],
        Column.of([row["campaign"] for row in rows]),
        Column.of([row["contact"] for row in rows]),
    )


def pattern(finding: Finding, outcome: str) -> Json:
    table = finding.table
    found = {
        "rule": " and ".join(f"{name} = {value}" for name, value in finding.rule),
        "attributes": [name for name, _ in finding.rule],
        "n": table.n1,
        "rate": wilson(table.k1, table.n1),
        "baseline": wilson(table.k0, table.n0),
        "lift": round(lift(table), 3),
        "q_value": round(finding.q, 5),
        "adjusted_for": [ADJUSTED] if finding.adjusted else [],
        "verdict": finding.verdict,
        **({} if finding.needed is None else {"needed": finding.needed}),
    }
    return {**found, "text": sentence(finding, found, outcome)}


def sentence(finding: Finding, found: Json, outcome: str) -> str:
    """Say it as one would: who, how often, against how often, and how sure."""
    if finding.verdict == "not_enough_data":
        name = finding.rule[0][0]
        more = counted(found["needed"], "more pitch", "more pitches")
        return f"{name}: not enough data; about {more} would show a doubling"
    who = " and ".join(WORDS.get(condition, f"{condition[0]} {condition[1]}") for condition in finding.rule)
    verb = "reply" if outcome == "replied" else "place"
    return (
        f"{who} {verb} {span(found['rate'])} vs {span(found['baseline'])}, "
        f"lift {found['lift']:.1f}, q {_small(finding.q)}, {SAID.get(finding.verdict, finding.verdict)}"
    )


def _hides_each(finding: Finding, sample: Sample, whose: Whose) -> bool:
    """Whether ten artists stand on each side of each condition, or nobody does.

    Of two conditions either may be told alone as well: what the rule lacks of it could be worked out. What
    has no table shows no figures of theirs.
    """
    if not finding.table.n1:
        return True
    holds = [sample.mask(condition) for condition in finding.rule]
    sides, artists = [np.logical_and.reduce(holds)], np.array(whose.artists)
    for place, (name, _) in enumerate(finding.rule):
        known = sample.columns[name].codes != UNKNOWN
        others = holds[:place] + holds[place + 1 :]
        sides.append(np.logical_and.reduce([known & ~holds[place], *others]))
    return all(hides_each(artists[side], whose.own) for side in sides if side.any())


def _most_asked_for(lacking: list[Finding]) -> list[Finding]:
    """Times first, then what is nearest to enough."""
    return sorted(lacking, key=lambda one: (one.rule[0][0] not in TIMES, one.needed or 0))[:LACKING_SHOWN]


def _small(q: float) -> str:
    return f"< {SMALL}" if q < SMALL else f"{q:.3f}"
