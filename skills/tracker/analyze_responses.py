"""Tells who answers, how soon, and with what: rates by group, the curve of waiting, kinds of replies."""

from datetime import UTC, datetime, time
from typing import Any

from library.meta import meta
from library.outcomes import HORIZON_DAYS, MOST, bounded, campaign, delivered, known, mature
from library.responses import OVERLAPPING, compared, curve_of, grouped, groups, survival
from skill_runner.context import Context

FEWEST = 20
CATEGORIES = ("interested", "placed", "declined", "auto", "other")
PITCHES = """
WITH latest AS (
    SELECT id, contact_id, sent_at, bounced_at, replied_at, positive_at, placed_at, declined_at, template
    FROM pitches p
    WHERE user_id = :user AND sent_at <= :until
      AND (CAST(:campaign AS uuid) IS NULL OR campaign_id = CAST(:campaign AS uuid))
      AND (CAST(:since AS timestamptz) IS NULL OR sent_at >= CAST(:since AS timestamptz))
    ORDER BY sent_at DESC, id LIMIT :most
)
SELECT p.*, {group} FROM latest p LEFT JOIN contacts c ON c.id = p.contact_id ORDER BY p.sent_at, p.id
"""
GROUPS = {
    "type": "c.type",
    "genre": "c.genres",
    "region": "c.regions",
    "outlet": "c.outlet",
    "template": "NULL AS none",
    "weekday": "c.timezone",
}
REPLIES = """
WITH latest AS (
    SELECT campaign_id, contact_id FROM pitches
    WHERE user_id = :user AND sent_at <= :until
      AND (CAST(:campaign AS uuid) IS NULL OR campaign_id = CAST(:campaign AS uuid))
      AND (CAST(:since AS timestamptz) IS NULL OR sent_at >= CAST(:since AS timestamptz))
    ORDER BY sent_at DESC, id LIMIT :most
)
SELECT coalesce(o.category, CASE o.kind WHEN 'positive' THEN 'interested' WHEN 'replied' THEN 'other'
                            ELSE o.kind END) AS category,
       count(DISTINCT (o.campaign_id, o.contact_id)) AS many
FROM latest p JOIN outreach o ON o.campaign_id = p.campaign_id AND o.contact_id = p.contact_id
WHERE NOT o.corrected AND o.at <= :until AND o.kind IN ('replied', 'positive', 'placed', 'declined')
GROUP BY 1
"""

Json = dict[str, Any]


def run(given: Json, context: Context) -> Json:
    """Return `groups` by the attribute asked for, `time_to_reply` and `categories`."""
    now, by = context.now(), given["group_by"]
    act = campaign(context, given["campaign_id"])["id"] if given.get("campaign_id") else None
    bounds = {"campaign": act, "since": _since(given.get("since")), "until": now, "most": MOST}
    rows = [known(row, now) for row in context.rows(PITCHES.format(group=GROUPS[by]), **bounds)]
    alive, settled = delivered(rows), mature(rows, now)
    split = grouped(alive, by)
    missing = max(FEWEST - len(settled), 0)
    overlap = by in OVERLAPPING and any(len(row[OVERLAPPING[by]] or ()) > 1 for row in alive)
    return {
        "groups": groups(split, now),
        **({} if overlap else {"alike_p": compared(split, now).p}),
        "time_to_reply": survival(curve_of(alive, now)),
        "categories": categories(context.rows(REPLIES, **bounds)),
        "meta": meta(
            context,
            "insufficient" if missing else "own_data",
            len(settled),
            needed=missing or None,
            warnings=_warnings(rows, alive, settled, overlap=overlap),
        ),
    }


def categories(found: list[Json]) -> Json:
    """Count pitches by what their replies said; a kind not known counts as other."""
    counts = dict.fromkeys(CATEGORIES, 0)
    for row in found:
        counts[row["category"] if row["category"] in counts else "other"] += int(row["many"])
    return counts


def _warnings(rows: list[Json], alive: list[Json], settled: list[Json], *, overlap: bool) -> list[str]:
    told = bounded(rows)
    if not alive:
        return [*told, "nothing was delivered"]
    if len(settled) < FEWEST:
        told.append(
            f"not enough data: {len(settled)} pitches with a known outcome, "
            f"{FEWEST - len(settled)} more are needed"
        )
    if len(settled) < len(alive):
        young = len(alive) - len(settled)
        told.append(
            f"{young} pitches younger than {HORIZON_DAYS} days count for how soon, not for the groups"
        )
    if overlap:
        told.append("groups overlap: a contact counts under each of its own")
    return told


def _since(day: str | None) -> datetime | None:
    return datetime.combine(datetime.fromisoformat(day), time(), UTC) if day else None
