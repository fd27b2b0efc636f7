"""What a report is written from: the library's own answers about one campaign, as of one place in the log."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from library import campaign_numbers as numbers_of
from library.actions import Action, ranked
from library.campaign_numbers import Numbers
from library.followups import due
from library.next_steps import proposed
from library.outcomes import bounded, delivered, latest, mature
from library.patterns import Rules
from library.pitched import own_pitches
from library.records import campaign
from library.report_refs import Refs
from library.response_rows import categories, pitches_by
from library.responses import all_groups, curve_of, grouped, groups, largest
from library.situation import situation
from library.survival import Curve
from library.told_patterns import ADJUSTED, answer
from skill_runner.context import Context

DAYS = {"week": 7, "month": 28, "all": None}
GROUPED_BY = "type"
RULES = Rules(fdr=0.1, min_support=20, adjust=ADJUSTED)
TRIES = 3
OFFSET = "SELECT seq FROM snapshots WHERE user_id = :user"
NAMES = "SELECT id, name FROM campaigns WHERE user_id = :user AND id = ANY(CAST(:ids AS uuid[]))"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answers:
    """Of a campaign: groups of contacts, how long answers took, and what they said."""

    groups: list[Json]
    settled: int
    curve: Curve
    categories: dict[str, int]


@dataclass(frozen=True, slots=True)
class Material:
    """`offset` is the log's sequence at which the user's records last changed.

    `patterns` (of all the user's pitches) and `rivals` (the user's campaigns) are read where they are shown.
    `few_rivals`: there are more campaigns, or older pitches.
    """

    campaign: Json
    now: datetime
    offset: int
    numbers: Numbers
    changes: dict[str, Json]
    eventual: Json
    followups: list[Json]
    followups_due: int
    answers: Answers
    actions: list[Action]
    patterns: Json | None
    rivals: list[Json]
    few_rivals: bool
    steady: bool = True

    @property
    def delivered(self) -> int:
        return self.numbers.current.delivered

    @property
    def missing(self) -> int:
        return max(numbers_of.FEWEST - self.delivered, 0)

    @property
    def refs(self) -> Refs:
        return Refs(self.campaign["id"], self.numbers.window, self.offset)


def read(context: Context, campaign_id: str, period: str, *, patterns: bool, rivals: bool) -> Material:
    """Read it between two looks at the log's place; again, where something was recorded meanwhile."""
    act = campaign(context, campaign_id)
    for _ in range(TRIES):
        offset = log_offset(context)
        made = _read(context, act, period, offset, patterns=patterns, rivals=rivals)
        if log_offset(context) == offset:
            return made
    return replace(made, steady=False)


def log_offset(context: Context) -> int:
    """Return the sequence of the commit by which the user's records last changed; 0 before any."""
    found = context.rows(OFFSET)
    return int(found[0]["seq"]) if found else 0


def _read(context: Context, act: Json, period: str, offset: int, *, patterns: bool, rivals: bool) -> Material:
    now = context.now()
    numbers = numbers_of.read(context, act["id"], numbers_of.window(DAYS[period], now))
    beside, few = _rivals(context) if rivals else ([], False)
    followups, total = due(context, act["id"], now)
    return Material(
        campaign=act,
        now=now,
        offset=offset,
        numbers=numbers,
        changes={one["metric"]: one for one in numbers_of.changes(numbers)},
        eventual=numbers_of.eventual(numbers),
        followups=followups,
        followups_due=total,
        answers=_answers(context, act["id"]),
        actions=ranked(proposed(situation(context, act["id"], None)), "balanced"),
        patterns=answer(context, own_pitches(context), "replied", RULES) if patterns else None,
        rivals=beside,
        few_rivals=few,
    )


def _answers(context: Context, campaign_id: str) -> Answers:
    now = context.now()
    rows = pitches_by(context, GROUPED_BY, campaign_ids=[campaign_id])
    alive = delivered(rows)
    return Answers(
        groups=groups(grouped(alive, GROUPED_BY), now),
        settled=len(mature(rows, now)),
        curve=curve_of(alive, now),
        categories=categories(context, campaign_ids=[campaign_id]),
    )


def _rivals(context: Context) -> tuple[list[Json], bool]:
    """Set the user's campaigns beside each other, by their pitches with a known outcome; tell if not all."""
    now = context.now()
    rows = latest(context, until=now)
    every = all_groups(delivered(rows), "campaign_id")
    split = largest(every)
    found = groups(split, now)
    named = context.rows(NAMES, ids=[one["key"] for one in found])
    names = {row["id"]: row["name"] for row in named}
    few = len(split) < len(every) or bool(bounded(len(rows)))
    return [{**one, "name": names.get(one["key"])} for one in found], few
