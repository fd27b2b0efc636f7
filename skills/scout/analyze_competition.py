"""Finds who is most like an artist by genres, and which outlets cover them but not the artist."""

from collections import Counter, defaultdict
from typing import Any

from library import music
from library.asked import how_many
from library.likeness import cosine, profile, rarity
from library.meta import own_data
from library.spelling import usual
from skill_runner.context import Context, SkillError

Json = dict[str, Any]

READ, MOST, GAPS = 5000, 50, 20
LEAST = 0.05
ARTISTS = """
SELECT id, name, genres, mbid FROM artists
WHERE user_id = :user ORDER BY mine DESC, id LIMIT :most
"""
COVERAGE = """
SELECT artist_key, outlet, count(*) AS many FROM coverage
WHERE user_id = :user AND artist_key = ANY(CAST(:artists AS text[]))
GROUP BY artist_key, outlet ORDER BY artist_key, outlet
"""


def run(given: Json, context: Context) -> Json:
    """Return `similar` artists and `gaps`, the strongest first; raises SkillError."""
    limit = how_many(given, "limit", MOST)
    artists = context.rows(ARTISTS, most=READ)
    you = wanted(given, artists)
    alike = nearest(you, [one for one in artists if music.key(one["name"]) != music.key(you["name"])])[:limit]
    covered = outlets([you["name"], *(one["name"] for one, _ in alike)], context)
    own = covered.get(music.key(you["name"]), [])
    similar = [told(one, score, you, covered) for one, score in alike]
    missing = gaps(similar, own)
    warnings = [] if you["genres"] else ["the artist's genres are not known"]
    warnings += [] if any(covered.values()) else ["no coverage is known: import some to see gaps"]
    warnings += [f"{READ} artists were looked at"] if len(artists) >= READ else []
    warnings += [f"of {len(missing)} outlets the first {GAPS} are told"] if len(missing) > GAPS else []
    sources = ["artists", "coverage"]
    about = own_data(context, len(artists), missing=0 if similar else 1, sources=sources, warnings=warnings)
    told_of = summary(you, similar, missing)
    return {"similar": similar, "gaps": missing[:GAPS], "summary": told_of, "meta": about}


def wanted(given: Json, artists: list[Json]) -> Json:
    """Return the artist asked for; one that is not recorded stands with the genres given."""
    if given.get("artist_id"):
        found = [one for one in artists if one["id"] == given["artist_id"]]
        if not found:
            raise SkillError("artist_id: you have no artist of this id")
    elif given.get("artist"):
        found = [one for one in artists if music.key(one["name"]) == music.key(given["artist"])]
    else:
        raise SkillError("artist: give a name, or artist_id")
    known = found[0] if found else {"name": given["artist"], "genres": []}
    return {**known, "genres": given.get("genres") or known["genres"] or []}


def nearest(you: Json, others: list[Json]) -> list[tuple[Json, float]]:
    """Return the artists that play something like it, the most similar first."""
    weights = rarity([you["genres"], *(one["genres"] or [] for one in others)])
    mine = profile(you["genres"], weights)
    scores = [(one, cosine(mine, profile(one["genres"] or [], weights))) for one in others]
    near = [(one, score) for one, score in scores if score >= LEAST]
    return sorted(near, key=lambda pair: (-pair[1], pair[0]["name"], pair[0]["id"]))


def outlets(names: list[str], context: Context) -> dict[str, list[str]]:
    """Return the outlets that covered each artist, by key; each outlet as it is written most often."""
    rows = context.rows(COVERAGE, artists=sorted({music.key(name) for name in names}))
    written = Counter[str]()
    for row in rows:
        written[row["outlet"]] += row["many"]
    shown = usual(written, music.key)
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for row in rows:
        found[row["artist_key"]][shown[music.key(row["outlet"])]] = None
    return {artist: list(covering) for artist, covering in found.items()}


def told(one: Json, score: float, you: Json, covered: dict[str, list[str]]) -> Json:
    mine = {music.genre_key(genre) for genre in you["genres"]}
    shared = [genre for genre in one["genres"] or [] if music.genre_key(genre) in mine]
    return {
        "id": one["id"],
        "name": one["name"],
        "mbid": one["mbid"],
        "similarity": round(score, 4),
        "basis": ["same genres" if shared else "near genres"],
        "shared_genres": shared,
        "outlets": covered.get(music.key(one["name"]), []),
    }


def gaps(similar: list[Json], own: list[str]) -> list[Json]:
    """Return outlets that covered similar artists and not you, the most similar counting most."""
    covered: dict[str, list[Json]] = defaultdict(list)
    for one in similar:
        for outlet in one["outlets"]:
            covered[outlet].append(one)
    order = sorted(covered, key=lambda outlet: (-sum(one["similarity"] for one in covered[outlet]), outlet))
    return [
        {"outlet": outlet, "covered": [one["name"] for one in covered[outlet]], "you": False}
        for outlet in order
        if outlet not in own
    ]


def summary(you: Json, similar: list[Json], missing: list[Json]) -> str:
    if not similar:
        return f"No artist you have recorded is like {you['name']}."
    most = similar[0]["name"]
    first = (
        f"One artist is like {you['name']}: {most}."
        if len(similar) == 1
        else f"{len(similar)} artists are like {you['name']}, {most} most of all."
    )
    outlets = "One outlet" if len(missing) == 1 else f"{len(missing)} outlets"
    return (
        f"{first} {outlets} covered {'it' if len(similar) == 1 else 'them'} and not you."
        if missing
        else first
    )
