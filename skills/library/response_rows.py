"""Pitches with what they are grouped by, and what their replies said: read from tables, bounded."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from library.outcomes import MOST, known
from skill_runner.context import Context

CATEGORIES = ("interested", "placed", "declined", "objected", "auto", "other")
PITCHES = """
WITH latest AS (
    SELECT id, contact_id, campaign_id, sent_at, bounced_at, replied_at, positive_at, placed_at,
           declined_at, template
    FROM pitches p
    WHERE user_id = :user AND sent_at <= :until
      AND (CAST(:campaigns AS uuid[]) IS NULL OR campaign_id = ANY(CAST(:campaigns AS uuid[])))
      AND (CAST(:since AS timestamptz) IS NULL OR sent_at >= CAST(:since AS timestamptz))
    ORDER BY sent_at DESC, id LIMIT :most
)
SELECT p.*, {group} FROM latest p
LEFT JOIN contacts c ON c.id = p.contact_id AND c.user_id = :user
LEFT JOIN campaigns k ON k.id = p.campaign_id AND k.user_id = :user
ORDER BY p.sent_at, p.id
"""
GROUPS = {
    "type": "c.type",
    "genre": "c.genres",
    "region": "c.regions",
    "outlet": "c.outlet",
    "template": "NULL AS none",
    "weekday": "c.timezone",
    "campaign": "k.name AS campaign",
}
REPLIES = """
WITH latest AS (
    SELECT campaign_id, contact_id FROM pitches
    WHERE user_id = :user AND sent_at <= :until
      AND (CAST(:campaigns AS uuid[]) IS NULL OR campaign_id = ANY(CAST(:campaigns AS uuid[])))
      AND (CAST(:since AS timestamptz) IS NULL OR sent_at >= CAST(:since AS timestamptz))
    ORDER BY sent_at DESC, id LIMIT :most
)
SELECT coalesce(o.category, CASE o.kind WHEN 'positive' THEN 'interested' WHEN 'replied' THEN 'other'
                            ELSE o.kind END) AS category,
       count(DISTINCT (o.campaign_id, o.contact_id)) AS many
FROM latest p
JOIN outreach o ON o.user_id = :user AND o.campaign_id = p.campaign_id AND o.contact_id = p.contact_id
WHERE NOT o.corrected AND o.at <= :until AND o.kind IN ('replied', 'positive', 'placed', 'declined')
GROUP BY 1
"""


Json = dict[str, Any]


def pitches_by(
    context: Context, group_by: str, *, campaign_ids: Sequence[str] | None, since: datetime | None = None
) -> list[Json]:
    """Return the latest pitches, oldest first, as they are known now; bounced ones stay."""
    now = context.now()
    bounds = {"campaigns": campaign_ids, "since": since, "until": now, "most": MOST}
    return [known(row, now) for row in context.rows(PITCHES.format(group=GROUPS[group_by]), **bounds)]


def categories(
    context: Context, *, campaign_ids: Sequence[str] | None, since: datetime | None = None
) -> Json:
    """Count pitches by what their replies said; a kind not known counts as other."""
    bounds = {"campaigns": campaign_ids, "since": since, "until": context.now(), "most": MOST}
    counts = dict.fromkeys(CATEGORIES, 0)
    for row in context.rows(REPLIES, **bounds):
        counts[row["category"] if row["category"] in counts else "other"] += int(row["many"])
    return counts
