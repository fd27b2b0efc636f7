"""Finds subgroups whose rate differs (Klösgen 1996; Wrobel 1997), with the false ones held down.

A hypothesis is an attribute, not each of its values: attributes are tested at the rate of false findings
asked for, values only within attributes that passed (Benjamini, Bogomolov 2014), pairs of conditions only
below a supported one (Yekutieli 2008), for which a fifth of the false findings allowed is kept. Attributes
too thinly spread to show a doubling are not tested: what decides about that is their counts alone, which tell
nothing of the outcome (Bourgon, Gentleman, Huber 2010).
"""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from library.exact import (
    Table,
    benjamini_hochberg,
    fisher_mid_p,
    lift,
    mantel_haenszel,
    sends_for_lift,
    sign_flip_p,
    simes,
)
from library.rates import towards_usual
from library.subgroups import (
    DOUBLING,
    Candidate,
    Condition,
    Sample,
    candidates,
    decided_by_cluster,
    scores_by_cluster,
    table_without_the_loudest,
    tables_by,
)

POWER = 0.8
ENOUGH_POWER = 0.5
SHARE_OF_BEST_POWER = 0.6
SINGLE_TEST = 0.05
CLUSTER_TEST = 0.1
FEWEST_CLUSTERS = 8
MOSTLY = 0.5
FIRST_SHARE = 0.8

Verdict = Literal["supported", "suggestive", "not_enough_data"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked for; `adjust` names the attribute that is the stratum: it is not adjusted for itself."""

    fdr: float
    min_support: int
    adjust: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule, its table of pitches inside and outside, and what became of it."""

    rule: tuple[Condition, ...]
    table: Table
    q: float
    adjusted: bool
    verdict: Verdict
    needed: int | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """Attributes side by side: all candidates, and the p of each that is tested."""

    candidates: dict[str, list[Candidate]]
    level: float
    p: dict[str, list[float]] = field(default_factory=dict)
    q: dict[str, float] = field(default_factory=dict)

    def price(self, fdr: float) -> float:
        """Return how much stricter what lies below must be: the tested by the passed."""
        return len(self.q) / max(sum(q <= fdr * FIRST_SHARE for q in self.q.values()), 1)


def search(sample: Sample, rules: Rules) -> tuple[list[Finding], int]:
    """Return the findings, the firmest first, and how many attributes were tested."""
    everything = np.ones(len(sample.outcome), dtype=bool)
    family = tested_family(sample, rules, everything, list(sample.columns))
    found = [one for name in family.candidates for one in _of_attribute(sample, rules, family, name)]
    tested = len(family.q)
    for parent in [one for one in found if one.verdict == "supported"]:
        (condition,) = parent.rule
        others = [name for name in sample.columns if name != condition[0]]
        below = tested_family(sample, rules, sample.mask(condition), others)
        dearer = family.price(rules.fdr) / (1 - FIRST_SHARE)
        pairs = [one for name in below.q for one in _judged(sample, rules, below, name, dearer=dearer)]
        found += [replace(one, rule=(condition, *one.rule)) for one in pairs if one.verdict == "supported"]
        tested += len(below.q)
    return sorted(found, key=_firmness), tested


def tested_family(sample: Sample, rules: Rules, within: np.ndarray, names: list[str]) -> Family:
    """Test the attributes that come near to the best placed one in their power to show a doubling."""
    level = rules.fdr / max(len(names), 1)
    some = {
        name: candidates(sample, name, within, level=level, min_support=rules.min_support) for name in names
    }
    power = {name: max((one.power for one in found), default=0.0) for name, found in some.items()}
    least = SHARE_OF_BEST_POWER * max(power.values(), default=0.0)
    p = {
        name: [_p(sample, one) for one in found]
        for name, found in some.items()
        if power[name] >= least and power[name] > 0
    }
    q = benjamini_hochberg([simes(values) for values in p.values()])
    return Family(some, level, p, dict(zip(p, q, strict=True)))


def missing_pitches(successes: int, total: int, *, level: float, share: float, have: int) -> int:
    """Return how many more pitches would show a doubling four times in five; at least 1.

    `share` of them have the attribute.
    """
    mean = towards_usual(successes, total)
    wanted = sends_for_lift(mean, times=DOUBLING, level=level, power=POWER, share=min(share, 0.5))
    return max(wanted - have, 1)


def _of_attribute(sample: Sample, rules: Rules, family: Family, name: str) -> list[Finding]:
    """Return what the attribute shows, else what it lacks, else nothing: a doubling would have been seen."""
    judged = _judged(sample, rules, family, name) if name in family.q else []
    shown = [one for one in judged if one.verdict != "not_enough_data"]
    if shown or any(one.power >= ENOUGH_POWER for one in family.candidates[name]):
        return shown
    return [_lacking(sample, family, name)]


def _judged(sample: Sample, rules: Rules, family: Family, name: str, *, dearer: float = 1.0) -> list[Finding]:
    p = family.p[name]
    of_values = benjamini_hochberg(p)
    found = []
    for one, raw, of_value in zip(family.candidates[name], p, of_values, strict=True):
        q = min(1.0, dearer * max(family.q[name], of_value * family.price(rules.fdr)))
        adjusted = name != rules.adjust and len(tables_by(sample, one, sample.stratum)) > 1
        verdict: Verdict = "suggestive" if raw <= SINGLE_TEST else "not_enough_data"
        if raw <= SINGLE_TEST and q <= rules.fdr and _stands(sample, one, adjusted=adjusted):
            verdict = "supported"
        found.append(Finding((one.condition,), one.table, q, adjusted, verdict))
    return found


def _p(sample: Sample, one: Candidate) -> float:
    """Fisher's p; no smaller than campaigns, or contacts, bear out where these mostly decide a condition.

    A region is its contacts': one who always answers, pitched fifty times, says no more of it than once.
    """
    p = fisher_mid_p(one.table)
    if p > SINGLE_TEST:
        return p
    deciding = (by for by in (sample.campaign, sample.contact) if decided_by_cluster(one, by) > MOSTLY)
    return max([p, *(sign_flip_p(scores_by_cluster(sample, one, by)) for by in deciding)])


def _stands(sample: Sample, one: Candidate, *, adjusted: bool) -> bool:
    """Whether it is still there with the stratum held fixed, and not the doing of a contact or of campaigns.

    Of these there are few: at the level of the other tests they would hide one true finding in thirty.
    """
    others = table_without_the_loudest(sample, one, sample.contact)
    if fisher_mid_p(others) > SINGLE_TEST or (lift(others) > 1) != (lift(one.table) > 1):
        return False
    if adjusted:
        held = mantel_haenszel(tables_by(sample, one, sample.stratum))
        if held.p > SINGLE_TEST or (held.ratio > 1) != (lift(one.table) > 1):
            return False
    scores = scores_by_cluster(sample, one, sample.campaign)
    if len(scores) >= FEWEST_CLUSTERS:
        return sign_flip_p(scores) <= CLUSTER_TEST
    return mantel_haenszel(tables_by(sample, one, sample.campaign)).p <= SINGLE_TEST


def _lacking(sample: Sample, family: Family, name: str) -> Finding:
    column, some = sample.columns[name], family.candidates[name]
    best = max(some, key=lambda one: lift(one.table), default=None)
    share = max((one.table.n1 for one in some), default=0) / max(column.known(), 1)
    needed = missing_pitches(
        int(sample.outcome.sum()),
        len(sample.outcome),
        level=family.level,
        share=share or 1 / max(len(column.values), 2),
        have=column.known(),
    )
    rule = best.condition if best else (name, "any")
    table = best.table if best else Table(0, 0, 0, 0)
    return Finding((rule,), table, 1.0, adjusted=False, verdict="not_enough_data", needed=needed)


def _firmness(finding: Finding) -> tuple[int, float, str]:
    order = ("supported", "suggestive", "not_enough_data")
    return order.index(finding.verdict), finding.q, str(finding.rule)
