"""Reads a user's own names and records, as a question about them needs them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from totalaud.planner.facts import Artist, Campaign, Facts, Release
from totalaud.planner.vocabulary import key, known_outlets
from totalaud.planner.whom import MOST_THERE
from totalaud.tables import SKILLS, Tables

Json = dict[str, Any]

OUTLETS = """
SELECT DISTINCT outlet FROM contacts WHERE user_id = $1 AND NOT erased AND outlet IS NOT NULL LIMIT 50000
"""
ANYBODY = "SELECT 1 FROM contacts WHERE user_id = $1 AND NOT erased LIMIT 1"
CONTACTS = """
SELECT id, name, email, outlet, role, type, genres, regions, source, source_url, imported_at, suppressed
FROM contacts WHERE user_id = $1 AND NOT erased AND
"""
AT_OUTLET = f"{CONTACTS} outlet = ANY($2::text[]) ORDER BY suppressed, id LIMIT $3"
CONTACT = f"{CONTACTS} id = $2"
PITCHED_FOR = """
SELECT DISTINCT p.contact_id, CAST(k.release_id AS text) AS release_id FROM pitches p
JOIN campaigns k ON k.id = p.campaign_id AND k.user_id = p.user_id
WHERE p.user_id = $1 AND p.contact_id = ANY($2::uuid[]) AND p.sent_at IS NOT NULL
  AND k.release_id IS NOT NULL
"""
GENRES = """
SELECT DISTINCT unnest(genres) AS name FROM contacts WHERE user_id = $1 AND NOT erased AND NOT suppressed
UNION SELECT unnest(genres) FROM artists WHERE user_id = $1 LIMIT 5000
"""
PLACES = """
SELECT DISTINCT unnest(regions) AS name FROM contacts
WHERE user_id = $1 AND NOT erased AND NOT suppressed LIMIT 5000
"""
CAMPAIGNS = """
SELECT id, name, created_at, closed_at, release_id, artist_id,
  (SELECT p.sent_at FROM pitches p
   WHERE p.campaign_id = c.id AND p.user_id = c.user_id AND p.sent_at IS NOT NULL
   ORDER BY p.sent_at DESC LIMIT 1) AS sent_at
FROM campaigns c WHERE user_id = $1 ORDER BY id
"""
RELEASES = """
SELECT r.id, r.artist_id, r.title, r.type, r.date, r.links FROM releases r
JOIN artists a ON a.id = r.artist_id AND a.user_id = r.user_id AND a.mine
WHERE r.user_id = $1 ORDER BY r.id
"""
ARTISTS = "SELECT id, name, genres, location, bio FROM artists WHERE user_id = $1 AND mine ORDER BY id"
FACTS = """
SELECT id, artist_id, text, source FROM artist_facts
WHERE user_id = $1 AND (valid_to IS NULL OR valid_to >= $2) ORDER BY id
"""


async def outlets(tables: Tables, user: UUID) -> list[str]:
    return [row["outlet"] for row in await tables.rows(OUTLETS, user)]


async def genres(tables: Tables, user: UUID) -> list[str]:
    return [row["name"] for row in await tables.rows(GENRES, user)]


async def places(tables: Tables, user: UUID) -> list[str]:
    return [row["name"] for row in await tables.rows(PLACES, user)]


async def facts(tables: Tables, user: UUID, today: date) -> Facts:
    """Return all but the contacts, which are looked up once they are named."""
    told: dict[UUID, list[Json]] = {}
    for row in await tables.rows(FACTS, user, today):
        fact = {"id": str(row["id"]), "text": row["text"], "source": row["source"]}
        told.setdefault(row["artist_id"], []).append(fact)
    return Facts(
        today=today,
        artists=[_artist(row, told.get(row["id"], [])) for row in await tables.rows(ARTISTS, user)],
        releases=[_release(row) for row in await tables.rows(RELEASES, user)],
        campaigns=[_campaign(row) for row in await tables.rows(CAMPAIGNS, user)],
        anybody=bool(await tables.rows(ANYBODY, user)),
        skills={row["name"]: row for row in await tables.rows(SKILLS) if row["enabled"]},
    )


async def contacts_at(tables: Tables, user: UUID, outlet: str, names: Sequence[str]) -> list[Json]:
    """Return the contacts of an outlet, however it is written among `names`; personal values stay sealed.

    Where nobody is under its name, those under the others that it is known by: BBC 6 Music is BBC Radio 6.
    Of too many to look at there is one more.
    """
    known = known_outlets()
    same = [name for name in names if key(name) == key(outlet)] or [
        name for name in names if known.get(key(name), name) == known.get(key(outlet), outlet)
    ]
    return await _contacts(tables, user, await tables.rows(AT_OUTLET, user, same, MOST_THERE + 1))


async def contact(tables: Tables, user: UUID, id_: UUID) -> list[Json]:
    """Return the contact of this id, if there is one; personal values stay sealed."""
    return await _contacts(tables, user, await tables.rows(CONTACT, user, id_))


async def _contacts(tables: Tables, user: UUID, rows: Sequence[Json]) -> list[Json]:
    """Write rows as JSON has them, without what they do not know, and with the releases they were pitched."""
    pitched = await tables.rows(PITCHED_FOR, user, [row["id"] for row in rows])
    releases: dict[UUID, list[str]] = {}
    for one in pitched:
        releases.setdefault(one["contact_id"], []).append(one["release_id"])
    told = [{**row, "pitched_for": releases.get(row["id"])} for row in rows]
    return [{name: _written(value) for name, value in row.items() if value is not None} for row in told]


def _written(value: Any) -> Any:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return value.isoformat()
        case _:
            return value


def _campaign(row: Json) -> Campaign:
    release, artist = (str(row[name]) if row[name] else None for name in ("release_id", "artist_id"))
    return Campaign(
        str(row["id"]),
        row["name"] or "",
        row["sent_at"] or row["created_at"],
        row["closed_at"] is not None,
        release,
        artist,
        row["sent_at"] is not None,
    )


def _artist(row: Json, told: Sequence[Json]) -> Artist:
    genres = tuple(row["genres"] or ())
    return Artist(str(row["id"]), row["name"], genres, row["location"], row["bio"], tuple(told))


def _release(row: Json) -> Release:
    links = tuple(row["links"] or ())
    return Release(str(row["id"]), str(row["artist_id"]), row["title"], row["type"], row["date"], links)
