"""What contacts did with the user's earlier pitches: counts, latest times, and what a type has in common."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from library.outcomes import HORIZON
from library.rates import Prior, fit_beta, posterior, wilson
from skill_runner.context import Context

Json = dict[str, Any]

LATEST = 20_000
FEWEST = 20
FATIGUE = timedelta(days=60)
OTHERS = ""
COUNTS = """
SELECT contact_id, count(*) AS pitches, max(last_sent_at) AS last_sent_at,
       (array_agg(bounced_at <= :now AND replied_at IS NULL ORDER BY sent_at DESC, id))[1] AS bounced,
       count(*) FILTER (WHERE bounced_at IS NULL AND (replied_at <= :now OR sent_at <= :settled)) AS n,
       count(*) FILTER (WHERE bounced_at IS NULL AND replied_at <= :now) AS k,
       count(*) FILTER (WHERE bounced_at IS NULL AND placed_at <= :now) AS placed,
       coalesce(sum(sends) FILTER (WHERE bounced_at IS NULL AND replied_at IS NULL
                                     AND last_sent_at > :recent), 0) AS unanswered
FROM pitches
WHERE user_id = :user AND contact_id = ANY(CAST(:ids AS uuid[])) AND sent_at <= :now
GROUP BY contact_id
"""
OF_RELEASE = """
SELECT DISTINCT p.contact_id FROM pitches p
JOIN campaigns k ON k.id = p.campaign_id AND k.user_id = p.user_id
WHERE p.user_id = :user AND k.release_id = CAST(:release AS uuid)
  AND p.contact_id = ANY(CAST(:ids AS uuid[])) AND p.sent_at <= :now
"""
GROUPS = """
SELECT coalesce(c.type, '') AS type, k, n, count(*)::int AS many
FROM (SELECT contact_id, count(*) AS n, count(*) FILTER (WHERE replied_at <= :now) AS k
      FROM (SELECT contact_id, replied_at FROM pitches
            WHERE user_id = :user AND sent_at <= :settled AND bounced_at IS NULL
            ORDER BY sent_at DESC, id LIMIT :most) AS latest
      GROUP BY contact_id) AS told
JOIN contacts c ON c.id = told.contact_id AND c.user_id = :user
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


class Past(NamedTuple):
    """Of one contact: `k` answers and `placed` placements in `n` settled pitches; recent silent sends.

    `bounced`: the last pitch did, and was not answered.
    """

    k: int
    n: int
    placed: int = 0
    unanswered: int = 0
    last_sent_at: Any = None
    bounced: bool = False


def pasts(ids: Iterable[str], context: Context) -> dict[str, Past]:
    """Return what is known of each contact that was pitched."""
    now = context.now()
    rows = context.rows(COUNTS, ids=sorted(set(ids)), now=now, settled=now - HORIZON, recent=now - FATIGUE)
    return {row["contact_id"]: _past(row) for row in rows}


def pitched_for(release_id: str, ids: Iterable[str], context: Context) -> set[str]:
    """Return who of these contacts was pitched in a campaign of this release."""
    given = {"ids": sorted(set(ids)), "release": release_id, "now": context.now()}
    return {row["contact_id"] for row in context.rows(OF_RELEASE, **given)}


def histories(ids: Sequence[str], context: Context) -> dict[str, Json]:
    """Return `last_contacted_at` and the observed `history` of contacts that were pitched."""
    if not ids:
        return {}
    return {
        contact_id: {
            "last_contacted_at": past.last_sent_at,
            **({"history": wilson(past.k, past.n)} if past.n else {}),
        }
        for contact_id, past in pasts(ids, context).items()
    }


def priors(context: Context) -> dict[str, Prior]:
    """Return the prior of each type of contact from the latest mature pitches, that of all under OTHERS."""
    now = context.now()
    return fitted(context.rows(GROUPS, now=now, settled=now - HORIZON, most=LATEST))


def fitted(rows: Sequence[Json]) -> dict[str, Prior]:
    """Fit a prior per type to rows of `type`, `k`, `n` and how `many` contacts are so."""
    whole = _fit(rows)
    kinds = {row["type"] for row in rows}
    apart = {kind: [row for row in rows if row["type"] == kind] for kind in kinds}
    enough = {
        kind: _fit(own) for kind, own in apart.items() if kind and sum(r["many"] for r in own) >= FEWEST
    }
    return {OTHERS: whole, **enough}


def expected(past: Past | None, prior: Prior) -> Json:
    """Return how likely an answer is, as a `Rate`."""
    return posterior(past.k if past else 0, past.n if past else 0, *prior)


def _fit(rows: Sequence[Json]) -> Prior:
    ks = [row["k"] for row in rows for _ in range(row["many"])]
    ns = [row["n"] for row in rows for _ in range(row["many"])]
    return fit_beta(ks, ns)


def _past(row: Json) -> Past:
    counts = (int(row[name]) for name in ("k", "n", "placed", "unanswered"))
    return Past(*counts, row["last_sent_at"], bool(row["bounced"]))
