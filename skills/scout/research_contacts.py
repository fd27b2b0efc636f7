"""Finds those of the user's contacts that fit: hard filters, then two rankings merged by reciprocal rank.

Genres near to those asked for count as well, by the table below, which score_contacts.py has too. When nobody
fits in a region, what lies around it is looked at, and the answer says so.
"""

import re
from dataclasses import dataclass, replace
from typing import Any

GENRES = """
synthpop: electropop .9, new wave .8, synthwave .7, indietronica .7, dance pop .5, dream pop .5, electronic .5
electropop: dance pop .8, indietronica .7, electronic .7, synthwave .5, pop .5
new wave: post-punk .8, dark wave .7, indie .5
indie: indie pop .9, indie rock .9, alternative .8, dream pop .6, shoegaze .6, lo-fi .5, folk .4
indie pop: dream pop .7, bedroom pop .8, pop .5
indie rock: alternative .8, post-punk .6, rock .6, garage rock .7
dream pop: shoegaze .8, bedroom pop .6, ambient .4
electronic: house .7, techno .7, ambient .6, drum and bass .6, indietronica .7, trip hop .5
house: techno .7, disco .7, dance pop .6
hip hop: rap .9, trip hop .6, grime .7, r&b .6
r&b: soul .9, neo soul .8, funk .6
folk: singer songwriter .8, acoustic .8, americana .7, country .5
metal: hardcore .7, hard rock .8, punk .4
punk: hardcore .7, post-punk .7, garage rock .6
rock: hard rock .8, alternative .7, garage rock .7
jazz: soul .5, neo soul .6, funk .5
"""
PLACES = """
europe: uk, germany, ireland, france, spain, italy, netherlands, sweden
uk: england, scotland, wales, northern ireland
england: london, manchester, leeds, bristol, birmingham, liverpool, sheffield, newcastle, brighton
scotland: glasgow, edinburgh
wales: cardiff, swansea
northern ireland: belfast
us: california, new york, los angeles, texas
germany: berlin, hamburg, munich
ireland: dublin
france: paris
"""
SAME = """
uk: gb, great britain, united kingdom, britain
us: usa, united states, america
germany: deutschland
ireland: eire
"""
TYPES = {
    "radio": ("radio", "dj", "djs", "presenter", "presenters", "station", "stations"),
    "playlist": ("playlist", "playlists"),
    "journalist": ("journalist", "journalists", "press", "writer", "writers"),
    "curator": ("curator", "curators"),
    "blogger": ("blog", "blogs", "blogger", "bloggers"),
    "podcast": ("podcast", "podcasts"),
    "label": ("label", "labels"),
    "venue": ("venue", "venues"),
}
FILLERS = frozenset(
    """
    a about all an and any are at by can contacts find for from get good i in into like likes list looking me
    music my need of on or people play playing plays please some that the their them to want which who with
    """.split()  # noqa: SIM905 - one word list reads better than fifty strings
)
MOST = 200
RANK_CONSTANT = 60
SQL = """
SELECT id, name, email, outlet, role, type, genres, regions, source, source_url, imported_at,
       genre_fit, text_fit, count(*) OVER () AS total
FROM (
    SELECT c.*,
        coalesce((
            SELECT sum(w.weight) FROM unnest(c.genres) AS g(genre)
            JOIN unnest(:genres::text[], :weights::float8[]) AS w(genre, weight)
              ON w.genre = regexp_replace(lower(g.genre), '[^a-z0-9&]', '', 'g')
        ), 0) AS genre_fit,
        coalesce(ts_rank(c.search, to_tsquery('simple', :terms)), 0) AS text_fit
    FROM contacts c
    WHERE c.user_id = :user AND NOT c.suppressed AND NOT c.erased
      AND (:type::text IS NULL OR c.type = :type)
      AND (:regions::text[] IS NULL OR EXISTS (
            SELECT 1 FROM unnest(c.regions) AS r(region)
            WHERE regexp_replace(lower(r.region), '[^a-z0-9&]', '', 'g') = ANY(:regions)))
) AS candidate
WHERE (genre_fit > 0 OR NOT :by_genre) AND (text_fit > 0 OR NOT :by_text)
ORDER BY genre_fit DESC, text_fit DESC, id
LIMIT 500
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is looked for; None or empty: no matter. `words` are what is left of the query."""

    genres: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    type: str | None = None
    words: tuple[str, ...] = ()


def run(given: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return `contacts`, best first, `total`, and in `widened` what had to be given up."""
    wish, widened = understood(given), []
    rows = context.rows(SQL, **parameters(wish))
    while not rows and (wider := widen(wish)) is not None:
        wish, said = wider
        widened.append(said)
        rows = context.rows(SQL, **parameters(wish))
    limit = min(max(int(given.get("max_results") or 20), 1), MOST)
    total = rows[0]["total"] if rows else 0
    return {"contacts": [contact(row) for row in ranked(rows)[:limit]], "total": total, "widened": widened}


def understood(given: dict[str, Any]) -> Wish:
    """Take the fields as they are, and what they leave open from the query."""
    words = [word.lower() for word in re.findall(r"[\w&]+", given["query"]) if word != "us"]
    genres, rest = _named(words, known_genres())
    regions, rest = _named(rest, known_places())
    kinds = [kind for kind, said in TYPES.items() if any(word in said for word in rest)]
    kind_words = {word for said in TYPES.values() for word in said}
    return Wish(
        genres=tuple(given.get("genres") or genres),
        regions=tuple(given.get("regions") or regions),
        type=given.get("type") or (kinds[0] if len(kinds) == 1 else None),
        words=tuple(word for word in rest if word not in FILLERS | kind_words),
    )


def parameters(wish: Wish) -> dict[str, Any]:
    """Bind a wish to the query: genres with their neighbours, regions with all that is inside them."""
    near, weights = near_genres(), dict[str, float]()
    for genre in wish.genres:
        for name, weight in {**near.get(key(genre), {}), key(genre): 1.0}.items():
            weights[name] = max(weight, weights.get(name, 0.0))
    inside = sorted({place for region in wish.regions for place in inside_of(region)})
    return {
        "genres": list(weights),
        "weights": list(weights.values()),
        "by_genre": bool(wish.genres),
        "regions": inside or None,
        "type": wish.type,
        "terms": " | ".join(wish.words),
        "by_text": bool(wish.words) and not wish.genres,
    }


def widen(wish: Wish) -> tuple[Wish, str] | None:
    """Look around the regions, in the end everywhere; what is played and who plays it is never given up."""
    if not wish.regions:
        return None
    asked = ", ".join(wish.regions)
    around = sorted({outer for region in wish.regions for outer in around_of(region)})
    where = ", ".join(around) or "all regions"
    return replace(wish, regions=tuple(around)), f"nobody fits in {asked}: looked in {where}"


def ranked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Merge the rankings by genre and by text (reciprocal rank fusion)."""
    merged = [0.0] * len(rows)
    for field in ("genre_fit", "text_fit"):
        fits = sorted({row[field] for row in rows if row[field] > 0}, reverse=True)
        for index, row in enumerate(rows):
            if row[field] > 0:
                merged[index] += 1 / (RANK_CONSTANT + 1 + fits.index(row[field]))
    order = sorted(range(len(rows)), key=lambda index: (-merged[index], rows[index]["id"]))
    return [rows[index] for index in order]


def contact(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("genre_fit", "text_fit", "total")}


def near_genres() -> dict[str, dict[str, float]]:
    """Return for each genre its neighbours, both ways, by key."""
    near: dict[str, dict[str, float]] = {}
    for name, others in _parts(GENRES).items():
        for other in others:
            neighbour, _, weight = other.rpartition(" ")
            near.setdefault(key(name), {})[key(neighbour)] = float(weight)
            near.setdefault(key(neighbour), {})[key(name)] = float(weight)
    return near


def inside_of(place: str) -> set[str]:
    """Return the keys of a place, of all that lies in it, and of their other names."""
    inside = {key(name): parts for name, parts in _parts(PLACES).items()}
    found: set[str] = set()
    open_ = [_usual(place)]
    while open_:
        here = open_.pop()
        found.add(here)
        open_ += [key(part) for part in inside.get(here, [])]
    return found | {key(other) for name, others in _parts(SAME).items() if name in found for other in others}


def around_of(place: str) -> list[str]:
    return [name for name, parts in _parts(PLACES).items() if _usual(place) in map(key, parts)]


def known_genres() -> dict[str, str]:
    table = _parts(GENRES)
    near = [other.rpartition(" ")[0] for others in table.values() for other in others]
    return {key(name): name for name in (*table, *near)}


def known_places() -> dict[str, str]:
    tables = [_parts(PLACES), _parts(SAME)]
    names = {name for table in tables for whole, parts in table.items() for name in (whole, *parts)}
    return {key(name): name for name in names}


def _usual(place: str) -> str:
    same = (name for name, others in _parts(SAME).items() if key(place) in map(key, others))
    return next(same, key(place))


def key(name: str) -> str:
    """Make Synth-Pop, synth pop and synthpop one."""
    return re.sub(r"[^a-z0-9&]", "", name.lower())


def _named(words: list[str], known: dict[str, str]) -> tuple[list[str], list[str]]:
    """Find names of up to three words; return them and the words that are left."""
    found, rest = [], list(words)
    for length in (3, 2, 1):
        index = 0
        while index + length <= len(rest):
            if (name := known.get("".join(rest[index : index + length]))) is not None:
                found.append(name)
                del rest[index : index + length]
            else:
                index += 1
    return found, rest


def _parts(table: str) -> dict[str, list[str]]:
    lines = [line.split(": ") for line in table.strip().splitlines()]
    return {name: parts.split(", ") for name, parts in lines}
