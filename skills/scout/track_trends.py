"""Says which weekly series rise or fall: own streams by metric, own answers by genre and by region asked for.

Theil-Sen slopes and Mann-Kendall tests, series of one metric side by side (library.slopes); false findings
held down over all of them (Benjamini, Hochberg 1995). A week that is not over, and an answer rate of pitches
not yet settled, are left out.
"""

from collections import defaultdict
from datetime import date, timedelta
from itertools import groupby
from math import ceil
from statistics import mode
from typing import Any

import numpy as np

from library import music
from library.asked import how_many, share_of_false
from library.exact import benjamini_hochberg
from library.meta import own_data
from library.outcomes import HORIZON, MOST, bounded
from library.slopes import FEWEST, Slope, slopes
from library.spelling import usual
from skill_runner.context import Context, SkillError

Json = dict[str, Any]
Series = dict[date, float]
Name = tuple[str, str]

LONGEST, SHORTEST = 730, 56
DAYS = 7
NOTHING_THERE = (
    "no numbers are recorded for this: 'totalaud streams import' brings days of streams, 'totalaud outreach "
    "import' what was sent"
)
NOT_ALL = (
    f"{MOST} weeks of numbers were looked at, the first artists by name: ask for fewer days, or for a genre"
)
METRICS = ("streams", "listeners", "followers")
METRIC_WEEKS = """
SELECT a.name AS key, m.metric, CAST(date_trunc('week', m.day) AS date) AS week, avg(m.value) AS value,
       count(*) AS days
FROM metric_days m JOIN artists a ON a.id = m.artist_id AND a.user_id = :user
WHERE m.user_id = :user AND a.mine AND m.metric = ANY(CAST(:metrics AS text[]))
  AND m.day >= CAST(:since AS date) AND m.day < CAST(:until AS date)
  AND (NOT :by_genre OR a.genre_keys && CAST(:all_names AS text[]))
GROUP BY a.id, a.name, m.metric, week ORDER BY a.name, a.id, m.metric, week
LIMIT :most
"""
PITCHED = """
SELECT count(*) AS many FROM (
    SELECT 1 FROM pitches
    WHERE user_id = :user AND sent_at >= :since AND sent_at < :until AND bounced_at IS NULL LIMIT :most
) p
"""
WEEKLY_ANSWERS = """
SELECT g.key, 'reply_rate' AS metric,
       CAST(date_trunc('week', p.sent_at AT TIME ZONE 'UTC') AS date) AS week,
       count(p.replied_at)::float8 / count(*) AS value
FROM (SELECT contact_id, sent_at,
             CASE WHEN replied_at <= sent_at + interval '21 days' THEN replied_at END AS replied_at
      FROM pitches WHERE user_id = :user AND sent_at >= :since AND sent_at < :until AND bounced_at IS NULL
      ORDER BY sent_at DESC LIMIT :most) p
JOIN contacts c ON c.id = p.contact_id AND c.user_id = :user
CROSS JOIN LATERAL unnest({grouped}) AS g(key)
WHERE {chosen}
GROUP BY g.key, week ORDER BY g.key, week
"""
BY_GENRE = WEEKLY_ANSWERS.format(
    grouped="""ARRAY(
    SELECT DISTINCT coalesce(genre.own_key, named.key) FROM unnest(c.genre_keys) AS named(key)
    LEFT JOIN unnest(CAST(:others AS text[]), CAST(:owns AS text[])) AS genre(other_key, own_key)
      ON genre.other_key = named.key)""",
    chosen="NOT :by_genre OR g.key = ANY(CAST(:genres AS text[]))",
)
BY_REGION = WEEKLY_ANSWERS.format(
    grouped="CAST(:regions AS text[])",
    chosen="""(NOT :by_genre OR c.genre_keys && CAST(:all_names AS text[])) AND EXISTS (
    SELECT 1 FROM unnest(CAST(:outer AS text[]), CAST(:inner AS text[])) AS place(outer_key, inner_key)
    WHERE place.outer_key = g.key AND place.inner_key = ANY(c.region_keys))""",
)
WRITTEN = """
SELECT named.genre, count(*) AS many
FROM contacts c CROSS JOIN LATERAL unnest(c.genres) AS named(genre)
WHERE c.user_id = :user
GROUP BY named.genre ORDER BY many DESC, named.genre LIMIT 20000
"""
MOST_REGIONS = 20


def run(given: Json, context: Context) -> Json:
    """Return `trends`, the surest first."""
    limit = share_of_false(given)
    window = max(how_many(given, "window_days", LONGEST), SHORTEST)
    found, cut = series(given, window, context)
    sloping = measured(found)
    told = [trend(*name, points, sloping.get(name)) for name, points in found.items()]
    tested = [one for one in told if one["direction"] != "insufficient"]
    q_values = benjamini_hochberg([one["p_value"] for one in tested]) if tested else []
    for one, q in zip(tested, q_values, strict=True):
        one |= {"q_value": float(q), "direction": direction(one["slope_per_week"], float(q), limit)}
    told.sort(key=lambda one: (one["q_value"] is None, one["q_value"] or 0.0, one["key"], one["metric"]))
    n = sum(len(one["points"]) for one in told)
    missing = 0 if tested else min((one["needed"] for one in told), default=FEWEST)
    warnings = [] if tested else [f"no series has {FEWEST} weeks" if found else NOTHING_THERE]
    warnings += [f"{window} days were looked at"] if window != given["window_days"] else []
    warnings += cut
    sources = ["metric_days", "pitches"]
    about = own_data(context, n, missing=missing, sources=sources, warnings=warnings)
    return {"trends": told, "meta": about}


def series(given: Json, window: int, context: Context) -> tuple[dict[Name, Series], list[str]]:
    """Read weekly values by key and metric, and say so where they are not all.

    They are of whole weeks: a Sunday alone would be a high or a low one.
    """
    now = context.now()
    monday = (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    genres = sorted({music.genre_key(genre) for genre in given.get("genres") or []})
    others = music.genre_names()
    all_names = [*genres, *(other for other, own in others.items() if own in genres)]
    which = {"by_genre": bool(genres), "all_names": all_names, "most": MOST}
    since = monday - timedelta(weeks=ceil(window / DAYS))
    weeks = context.rows(
        METRIC_WEEKS, since=since.date(), until=monday.date(), metrics=list(METRICS), **which
    )
    cut = [NOT_ALL] if len(weeks) >= MOST else []
    rows = whole(weeks)
    span = {"since": since - HORIZON, "until": monday - HORIZON, "most": MOST}
    cut += bounded(context.rows(PITCHED, **span)[0]["many"])
    by_genre = {"genres": genres, "others": [*others], "owns": [*others.values()]}
    rows += named(context.rows(BY_GENRE, **span, by_genre=bool(genres), **by_genre), context)
    if places := by_region(given.get("regions") or []):
        rows += context.rows(BY_REGION, **span | which, **places)
    found: dict[Name, Series] = defaultdict(dict)
    for row in rows:
        found[row["key"], row["metric"]][row["week"]] = float(row["value"])
    return found, cut


def whole(rows: list[Json]) -> list[Json]:
    """Leave out a first and a last week of fewer days than a series' weeks mostly have."""
    kept: list[Json] = []
    for _, some in groupby(rows, key=lambda row: (row["key"], row["metric"])):
        weeks = list(some)
        usual = mode(sorted((row["days"] for row in weeks), reverse=True))
        there = [place for place, row in enumerate(weeks) if row["days"] >= usual]
        kept += weeks[there[0] : there[-1] + 1]
    return kept


def named(rows: list[Json], context: Context) -> list[Json]:
    """Call each genre what most contacts call it."""
    if not rows:
        return []
    written = {row["genre"]: int(row["many"]) for row in context.rows(WRITTEN)}
    shown = usual(written, music.genre_key)
    return [{**row, "key": shown.get(row["key"], row["key"])} for row in rows]


def by_region(regions: list[str]) -> dict[str, list[str]]:
    """Return the regions asked for, and in pairs with each of them all places inside."""
    if len(regions) > MOST_REGIONS:
        raise SkillError(f"regions: at most {MOST_REGIONS} at once, these are {len(regions)}")
    asked = list(dict.fromkeys(regions))
    pairs = [(region, place) for region in asked for place in sorted(music.inside_of(region))]
    if not pairs:
        return {}
    outer, inner = (list(side) for side in zip(*pairs, strict=True))
    return {"regions": asked, "outer": outer, "inner": inner}


def measured(found: dict[Name, Series]) -> dict[Name, Slope]:
    """Measure the series that have eight weeks, those of one metric together."""
    long_enough = [name for name, points in found.items() if len(points) >= FEWEST]
    sloping: dict[Name, Slope] = {}
    for metric in sorted({metric for _, metric in long_enough}):
        names = [name for name in long_enough if name[1] == metric]
        sloping |= zip(names, slopes([spaced(found[name]) for name in names]), strict=True)
    return sloping


def trend(key: str, metric: str, points: Series, found: Slope | None) -> Json:
    """Tell of one series; fewer than eight weeks say nothing."""
    weeks = sorted(points)
    return {
        "key": key,
        "metric": metric,
        "level": float(np.median([points[week] for week in weeks[-4:]])) if weeks else None,
        **_slope(found),
        "q_value": None,
        "direction": "flat" if found else "insufficient",
        "needed": None if found else FEWEST - len(weeks),
        "points": [{"week": week, "value": points[week]} for week in weeks],
    }


def spaced(points: Series) -> np.ndarray:
    """Return a value for each week from the first to the last, NaN where there is none."""
    first = min(points)
    values = np.full((max(points) - first).days // 7 + 1, np.nan)
    for week, value in points.items():
        values[(week - first).days // 7] = value
    return values


def direction(per_week: float, q: float, limit: float) -> str:
    if q > limit or per_week == 0:
        return "flat"
    return "rising" if per_week > 0 else "falling"


def _slope(found: Slope | None) -> Json:
    names = ("slope_per_week", "lo", "hi", "p_value")
    return dict(zip(names, found or (None,) * len(names), strict=True))
