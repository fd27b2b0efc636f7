"""Finds those of the user's contacts that fit: hard filters, then two rankings merged by reciprocal rank.

Genres near to those asked for count too (library.music). When nobody fits in a region, what lies around it
is looked at, and the answer says so. Merged as in Cormack, Clarke, Büttcher 2009. Of those who fit alike, who
answered most comes first: of thousands the first few are not just any.
"""

from dataclasses import dataclass, replace
from typing import Any

from library import music
from library.asked import how_many
from library.contact_history import histories
from library.meta import own_data
from skill_runner.context import Context

Json = dict[str, Any]

MOST = 200
CANDIDATES = 500
RANK_CONSTANT = 60
INNER = ("genre_fit", "text_fit", "total")
SQL = """
WITH candidate AS (
    SELECT c.id, {fit} AS genre_fit,
           CASE WHEN :by_text THEN ts_rank(c.search, to_tsquery('simple', :terms)) ELSE 0 END AS text_fit,
           heard.answers, count(*) OVER () AS total
    FROM contacts c CROSS JOIN LATERAL (
        SELECT count(*) AS answers FROM pitches p
        WHERE p.user_id = :user AND p.contact_id = c.id AND p.replied_at IS NOT NULL
    ) heard
    WHERE c.user_id = :user AND NOT c.suppressed AND NOT c.erased {filters}
    ORDER BY genre_fit DESC, text_fit DESC, answers DESC, c.id
    LIMIT :most
)
SELECT c.id, c.name, c.email, c.outlet, c.role, c.type, c.genres, c.regions, c.source, c.source_url,
       c.imported_at, candidate.genre_fit, candidate.text_fit, candidate.total
FROM candidate JOIN contacts c USING (id)
ORDER BY genre_fit DESC, text_fit DESC, candidate.answers DESC, c.id
"""
UNPITCHED = """
AND NOT EXISTS (
    SELECT 1 FROM pitches p JOIN campaigns k ON k.id = p.campaign_id AND k.user_id = p.user_id
    WHERE p.user_id = :user AND p.contact_id = c.id AND p.sent_at IS NOT NULL
      AND k.release_id = CAST(:unpitched_for AS uuid))
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is looked for; None or empty: no matter. `words` are what is left of the query."""

    genres: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    type: str | None = None
    words: tuple[str, ...] = ()
    unpitched_for: str | None = None


def run(given: Json, context: Context) -> Json:
    """Return `contacts`, best first, `total`, and in `widened` what had to be given up."""
    limit = how_many(given, "max_results", MOST)
    wish, widened = understood(given), list[str]()
    rows = found(wish, context)
    while not rows and (wider := widen(wish)) is not None:
        wish, said = wider
        widened.append(said)
        rows = found(wish, context)
    total = int(rows[0]["total"]) if rows else 0
    shown = [contact(row) for row in ranked(rows)[:limit]]
    known = histories([row["id"] for row in shown], context)
    contacts = [{**row, **known.get(row["id"], {})} for row in shown]
    unpitched = " who was not pitched for this release yet" if wish.unpitched_for else ""
    warnings = [] if rows else [f"none of your contacts fits{unpitched}"]
    missing = 0 if rows else 1
    about = own_data(context, total, missing=missing, sources=["contacts"], warnings=warnings)
    return {"contacts": contacts, "total": total, "widened": widened, "meta": about}


def understood(given: Json) -> Wish:
    """Take the fields as they are, and what they leave open from the query."""
    said = music.understood(given["query"])
    regions = tuple(given.get("regions") or said.regions)
    return Wish(
        genres=tuple(given.get("genres") or said.genres),
        regions=() if any(map(music.is_everywhere, regions)) else regions,
        type=given.get("type") or said.type,
        words=said.words,
        unpitched_for=given.get("unpitched_for"),
    )


def found(wish: Wish, context: Context) -> list[Json]:
    """Return at most 500 contacts that pass the filters, with `genre_fit`, `text_fit` and the `total`."""
    sql, named = query(wish)
    return context.rows(sql, **named)


def query(wish: Wish) -> tuple[str, Json]:
    """Write the SELECT for a wish: only conditions that an index answers, and no value in the text."""
    fit, genres = fit_of(wish.genres)
    inside = sorted({place for region in wish.regions for place in music.served_from(region)})
    terms = " | ".join(f"'{word}'" for word in wish.words)
    filters = {
        "type": ("AND c.type = :type", wish.type),
        "genres": ("AND c.genre_keys && CAST(:genres AS text[])", sorted(set(genres.values()))),
        "regions": (f"AND {in_regions(wish)}", inside),
        "unpitched_for": (UNPITCHED, wish.unpitched_for),
    }
    used = {name: condition for name, condition in filters.items() if condition[1]}
    texts = [text for text, _ in used.values()]
    if terms and not wish.genres:
        texts.append("AND c.search @@ to_tsquery('simple', :terms)")
    named = {name: value for name, (_, value) in used.items()}
    bound = {**named, **genres, "terms": terms, "by_text": bool(terms), "most": CANDIDATES}
    return SQL.format(fit=fit, filters=" ".join(texts)), bound


def in_regions(wish: Wish) -> str:
    """Write the condition on regions; a country's part of the index is long, so shorter ones go first."""
    inside = "c.region_keys && CAST(:regions AS text[])"
    return f"({inside}) IS TRUE" if wish.genres or wish.type else inside


def fit_of(genres: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """Add up, over the genres asked for, how near the nearest of the contact's is; and the names bound."""
    bound: dict[str, str] = {}
    cases = []
    for asked, genre in enumerate(dict.fromkeys(map(music.key, genres))):
        whens = []
        for number, (name, weight) in enumerate(music.nearness(genre).items()):
            bound[f"g{asked}_{number}"] = name
            whens.append(f"WHEN :g{asked}_{number} = ANY(c.genre_keys) THEN {weight:.3f}")
        cases.append(f"CASE {' '.join(whens)} ELSE 0 END")
    return f"({' + '.join(cases) or '0'})::float8", bound


def widen(wish: Wish) -> tuple[Wish, str] | None:
    """Look around the regions, in the end everywhere; what is played and who plays it is never given up."""
    if not wish.regions:
        return None
    asked = ", ".join(wish.regions)
    around = sorted({outer for region in wish.regions for outer in music.around_of(region)})
    where = ", ".join(around) or "all regions"
    nobody = "nobody is left" if wish.unpitched_for else "nobody fits"
    return replace(wish, regions=tuple(around)), f"{nobody} in {asked}: looked in {where}"


def ranked(rows: list[Json]) -> list[Json]:
    """Merge the rankings by genre and by text; equal fits share a rank, and keep their order."""
    merged = [0.0] * len(rows)
    for field in ("genre_fit", "text_fit"):
        fits = sorted({row[field] for row in rows if row[field] > 0}, reverse=True)
        place = {fit: rank for rank, fit in enumerate(fits, 1)}
        for index, row in enumerate(rows):
            if row[field] > 0:
                merged[index] += 1 / (RANK_CONSTANT + place[row[field]])
    order = sorted(range(len(rows)), key=lambda index: -merged[index])
    return [rows[index] for index in order]


def contact(row: Json) -> Json:
    return {name: value for name, value in row.items() if name not in INNER}
