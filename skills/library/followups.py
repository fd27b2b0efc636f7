"""Who may be asked once more: pitched some days ago, silent, and willing to be written to."""

from datetime import datetime, timedelta
from typing import Any

from library.outcomes import HORIZON
from library.situation import REMEMBERED, TIRED_SENDS
from skill_runner.context import Context

PATIENCE = timedelta(days=3)
MOST_SENDS = 2
SHOWN = 50
DUE = """
SELECT p.id, p.contact_id, c.name, c.outlet, p.last_sent_at, p.sends, count(*) OVER () AS total
FROM pitches p
JOIN campaigns k ON k.id = p.campaign_id AND k.user_id = p.user_id AND k.closed_at IS NULL
JOIN contacts c ON c.id = p.contact_id AND c.user_id = p.user_id AND NOT c.suppressed AND NOT c.erased
WHERE p.user_id = :user AND p.campaign_id = CAST(:campaign AS uuid)
  AND p.sent_at <= :until AND p.sent_at > :settled AND p.last_sent_at < :patient AND p.sends < :most_sends
  AND (p.bounced_at > :until OR p.bounced_at IS NULL)
  AND (p.replied_at > :until OR p.replied_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM pitches o WHERE o.user_id = :user AND o.contact_id = p.contact_id
                  AND o.last_sent_at BETWEEN :patient AND :until)
  AND NOT EXISTS (SELECT 1 FROM pitches t
                  WHERE t.user_id = :user AND t.contact_id = p.contact_id AND t.sent_at <= :until
                  HAVING sum(t.sends) FILTER (WHERE t.sent_at > :remembered
                                              AND (t.bounced_at > :until OR t.bounced_at IS NULL)) >= :tiring
                     AND count(*) FILTER (WHERE t.replied_at <= :until) = 0)
ORDER BY p.last_sent_at, p.id
LIMIT :shown
"""

Json = dict[str, Any]


def due(context: Context, campaign_id: str, until: datetime) -> tuple[list[Json], int]:
    """Return follow-ups, the longest silent first and at most fifty, and how many there are.

    Once is enough: a pitch sent twice is left alone, and so is one older than the horizon, or whoever was
    written to of late for another campaign, or again and again in vain: `situation.tired` in SQL.
    """
    found = context.rows(
        DUE,
        campaign=campaign_id,
        until=until,
        settled=until - HORIZON,
        patient=until - PATIENCE,
        most_sends=MOST_SENDS,
        remembered=until - REMEMBERED,
        tiring=TIRED_SENDS,
        shown=SHOWN,
    )
    return [_followup(row, until) for row in found], int(found[0]["total"]) if found else 0


def _followup(row: Json, until: datetime) -> Json:
    known = {name: row[name] for name in ("name", "outlet") if row[name] is not None}
    days = (until - row["last_sent_at"]) // timedelta(days=1)
    return {"contact_id": row["contact_id"], **known, "last_sent_at": row["last_sent_at"], "days": days}
