"""Mature pitches with what was known when they were sent: read once, one column per attribute."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from library import music
from library.localtime import WEEKDAYS, local, part_of_day
from library.outcomes import HORIZON, MOST
from library.spelling import usual
from skill_runner.context import Context

MOST_ATTRIBUTES = 60
TIMES = ("weekday", "part of day", "slot")
MATCH = {True: "yes", False: "no", None: None}

FIELDS = """
    p.replied_at IS NOT NULL AS replied, p.placed_at IS NOT NULL AS placed, p.sent_at, p.channel, p.template,
    CAST(p.attributes AS text) AS attributes, p.contact_id AS contact, k.id AS campaign,
    k.artist_id AS artist, k.genres AS wanted,
    c.type, c.genre_keys, c.regions[1] AS region, c.timezone
"""
MINE = f"""
WITH latest AS (
    SELECT * FROM pitches
    WHERE user_id = :user AND sent_at <= :before AND bounced_at IS NULL
    ORDER BY sent_at DESC, id LIMIT :most
)
SELECT {FIELDS}, a.genres AS own
FROM latest p
LEFT JOIN contacts c ON c.id = p.contact_id AND c.user_id = p.user_id
LEFT JOIN campaigns k ON k.id = p.campaign_id AND k.user_id = p.user_id
LEFT JOIN artists a ON a.id = k.artist_id AND a.user_id = p.user_id
ORDER BY p.sent_at DESC, p.id
"""
OF_ARTISTS = f"""
WITH theirs AS (
    SELECT c.*, a.genres AS own, count(*) OVER () AS many
    FROM artists a JOIN campaigns c ON c.artist_id = a.id AND c.user_id = a.user_id
    WHERE a.id = ANY(:artists)
)
SELECT {FIELDS}, k.own
FROM theirs k
CROSS JOIN LATERAL (
    SELECT * FROM pitches
    WHERE campaign_id = k.id AND sent_at <= :before AND bounced_at IS NULL
    ORDER BY sent_at DESC LIMIT greatest(:most / k.many, 1)
) p
LEFT JOIN contacts c ON c.id = p.contact_id AND c.user_id = p.user_id
WHERE p.user_id = k.user_id
"""

Row = dict[str, Any]
Values = list[str | None]


def own_pitches(context: Context) -> list[Row]:
    """Return the user's latest mature pitches, at most 20,000; bounced ones are left out."""
    return _parsed(context.rows(MINE, before=context.now() - HORIZON, most=MOST))


def pitches_of(context: Context, artists: list[str]) -> list[Row]:
    """Return mature pitches for these artists, whoever sent them: 20,000, as many of each campaign."""
    rows = context.rows(OF_ARTISTS, artists=artists, before=context.now() - HORIZON, most=MOST)
    return _parsed(rows)


def columns(rows: Sequence[Row]) -> dict[str, Values]:
    """Return one value per pitch for each attribute; None where it is not known."""
    sent = [local(row["sent_at"], row["timezone"]) for row in rows]
    built_in: dict[str, Values] = {
        "contact type": [row["type"] for row in rows],
        "genre match": [MATCH[genre_match(row)] for row in rows],
        "region": _places([row["region"] for row in rows]),
        "template": [row["template"] for row in rows],
        "channel": [row["channel"] for row in rows],
        "weekday": [WEEKDAYS[at.weekday()] for at in sent],
        "part of day": [part_of_day(at.hour) for at in sent],
    }
    slots = zip(built_in["weekday"], built_in["part of day"], strict=True)
    built_in["slot"] = [f"{day} {part}" for day, part in slots]
    own = {name: [_text(row, name) for row in rows] for name in _attributes(rows) if name not in built_in}
    return built_in | own


def genre_match(row: Row) -> bool | None:
    """Whether the contact takes a genre of the campaign, else of its artist; None where neither says."""
    wanted = keys(row["wanted"] or row["own"] or ())
    has = set(row["genre_keys"] or ())
    return bool(wanted & has) if wanted and has else None


def keys(names: Iterable[str]) -> set[str]:
    """Return the keys of genres and of their other names: dnb is drum and bass."""
    return {key for name in names for key in _names(name)}


def shared_only(values: Values, artists: Sequence[str], enough: Callable[[set[str]], bool]) -> Values:
    """Forget values of artists who are not enough."""
    whose: dict[str | None, set[str]] = defaultdict(set)
    for value, artist in zip(values, artists, strict=True):
        whose[value].add(artist)
    kept = {value for value, some in whose.items() if enough(some)}
    return [value if value in kept else None for value in values]


@lru_cache(1000)
def _names(genre: str) -> frozenset[str]:
    return frozenset(name for name, near in music.nearness(genre).items() if near == 1)


def _places(written: Values) -> Values:
    """Make UK, uk and GB one, under the name that is written most often."""
    shown = usual(Counter(name for name in written if name is not None), music.place_key)
    return [None if name is None else shown[music.place_key(name)] for name in written]


def _parsed(rows: list[Row]) -> list[Row]:
    """Read attributes that are the same once; rows share what comes out."""
    told = {text: json.loads(text) for text in {row["attributes"] for row in rows} if text}
    for row in rows:
        row["attributes"] = told.get(row["attributes"])
    return rows


def _attributes(rows: Sequence[Row]) -> list[str]:
    counted = Counter(name for row in rows for name in row["attributes"] or ())
    return sorted(name for name, _ in counted.most_common(MOST_ATTRIBUTES))


def _text(row: Row, name: str) -> str | None:
    value = (row["attributes"] or {}).get(name)
    return None if value is None else str(value)
