"""Tells who answers, how soon, and with what: rates by group, the curve of waiting, kinds of replies."""

from datetime import UTC, datetime, time
from typing import Any

from library.figures import counted, needing, with_outcome
from library.localtime import unzoned
from library.meta import own_data
from library.outcomes import HORIZON_DAYS, bounded, delivered, mature
from library.records import campaign
from library.response_rows import categories, pitches_by
from library.responses import (
    OVERLAPPING,
    all_groups,
    compared,
    curve_of,
    groups,
    largest,
    survival,
    unwatched,
)
from skill_runner.context import Context, SkillError

FEWEST = 20
MOST_NAMED = 3

Json = dict[str, Any]


def run(given: Json, context: Context) -> Json:
    """Return `groups` by the attribute asked for, `time_to_reply` and `categories`."""
    now, by = context.now(), given["group_by"]
    acts = _campaigns(given, context)
    since = _since(given.get("since"), now)
    rows = pitches_by(context, by, campaign_ids=acts, since=since)
    alive, settled = delivered(rows), mature(rows, now)
    curve = curve_of(alive, now)
    every = all_groups(alive, by)
    split = largest(every)
    missing = max(FEWEST - len(settled), 0)
    overlap = by in OVERLAPPING and any(len(row[OVERLAPPING[by]] or ()) > 1 for row in alive)
    return {
        "groups": groups(split, now),
        **({} if overlap else {"alike_p": compared(split, now, by).p}),
        "time_to_reply": survival(curve),
        "categories": categories(context, campaign_ids=acts, since=since),
        "meta": own_data(
            context,
            len(settled),
            missing=missing,
            warnings=[
                *_warnings(rows, alive, settled, overlap=overlap),
                *_left_out(split, every),
                *_too_young(split, now),
                *(unzoned(row["timezone"] for row in alive) if by == "weekday" else ()),
                *unwatched(curve),
            ],
        ),
    }


def _warnings(rows: list[Json], alive: list[Json], settled: list[Json], *, overlap: bool) -> list[str]:
    told = bounded(len(rows))
    if not alive:
        return [*told, "nothing was delivered: 'totalaud outreach import' brings what was sent"]
    if len(settled) < FEWEST:
        told.append(f"not enough data: {with_outcome(len(settled))}, {needing(FEWEST - len(settled))}")
    if len(settled) < len(alive):
        young = len(alive) - len(settled)
        many, verb = counted(young, "pitch", "pitches"), "counts" if young == 1 else "count"
        told.append(f"{many} younger than {HORIZON_DAYS} days {verb} for how soon, not for the groups")
    if overlap:
        told.append("groups overlap: a contact counts under each of its own")
    return told


def _left_out(told: Json, every: Json) -> list[str]:
    if len(told) == len(every):
        return []
    return [f"of {len(every)} groups the {len(told)} with most pitches are told"]


def _too_young(split: dict[str, list[Json]], now: datetime) -> list[str]:
    """Name groups that have no rate yet: who asks for the best one should know who was no candidate."""
    young = [key for key, rows in split.items() if not mature(rows, now)]
    if not young or len(young) == len(split):
        return []
    more = f" and {len(young) - MOST_NAMED} more" if len(young) > MOST_NAMED else ""
    return [f"too young to be told beside the others: {', '.join(young[:MOST_NAMED])}{more}"]


def _campaigns(given: Json, context: Context) -> list[str] | None:
    """Return the ids of the campaigns asked for, None for all; raises SkillError for an unknown one."""
    one, several = given.get("campaign_id"), given.get("campaign_ids")
    if one and several:
        raise SkillError("campaign_ids: give these or campaign_id, not both")
    asked = [one] if one else several
    return None if asked is None else [campaign(context, id_)["id"] for id_ in asked]


def _since(day: str | None, now: datetime) -> datetime | None:
    if day is None:
        return None
    since = datetime.combine(datetime.fromisoformat(day), time(), UTC)
    if since > now:
        raise SkillError("since: this day lies in the future")
    return since
