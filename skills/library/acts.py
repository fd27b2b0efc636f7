"""Whose music a campaign is about, and which release, as the skills that write want to be told."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from skill_runner.context import Context

MOST_FACTS = 10
TOLD = """
SELECT k.id, a.name, a.genres, a.location, r.title, r.type, r.date, r.links,
       (SELECT jsonb_agg(jsonb_build_object('id', f.id, 'text', f.text) ORDER BY f.id)
        FROM (SELECT id, text FROM artist_facts
              WHERE user_id = :user AND artist_id = a.id
                AND (valid_to IS NULL OR valid_to >= CAST(:today AS date))
              ORDER BY id LIMIT :most_facts) f) AS facts
FROM campaigns k
LEFT JOIN releases r ON r.id = k.release_id AND r.user_id = k.user_id
JOIN artists a ON a.id = coalesce(k.artist_id, r.artist_id, CAST(:only AS uuid)) AND a.user_id = k.user_id
WHERE k.user_id = :user AND k.id = ANY(:campaigns)
"""
Json = dict[str, Any]


def acts(
    context: Context, campaigns: Sequence[Json], artists: Sequence[Json], today: date
) -> dict[str, Json]:
    """Return artist and release by campaign; of a campaign without an artist, the only one there is.

    Where there are several nobody says whose it is: it is left out.
    """
    only = artists[0]["id"] if len(artists) == 1 else None
    ids = [one["id"] for one in campaigns]
    rows = context.rows(TOLD, campaigns=ids, only=only, today=today, most_facts=MOST_FACTS)
    return {row["id"]: _told(row) for row in rows}


def _told(row: Json) -> Json:
    artist = {"name": row["name"], "genres": row["genres"] or [], "facts": row["facts"] or []}
    about: Json = {"artistInfo": artist | ({"location": row["location"]} if row["location"] else {})}
    if row["title"]:
        day = row["date"].isoformat() if row["date"] else None
        release = {"title": row["title"], "type": row["type"], "date": day, "links": row["links"]}
        about["release"] = {name: value for name, value in release.items() if value}
    return about
