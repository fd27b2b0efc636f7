"""Finds opportunities that are open and fit, the best first; none that is over or shut to the artist."""

from collections import Counter
from datetime import date
from typing import Any

from library import music
from library.asked import how_many
from library.duplicates import merged
from library.eligibility import Applicant, genre_fit, obstacles, places_of
from library.figures import counted
from library.meta import own_data
from library.money import currency
from library.records import artist
from skill_runner.context import Context, SkillError

Json = dict[str, Any]

READ, MOST = 2000, 100
NONE_RECORDED = (
    "no opportunity with a deadline to come is recorded: 'totalaud opportunities import FILE' brings some"
)
GENRE, REGION = 0.7, 0.3
SQL = """
SELECT id, title, kind, url, opens, deadline, cost, currency, genres, regions, rules, source
FROM opportunities
WHERE user_id = :user AND (deadline IS NULL OR deadline >= CAST(:today AS date))
ORDER BY deadline NULLS LAST, id
LIMIT :most
"""
SHOWN = ("id", "title", "kind", "url", "opens", "deadline", "cost", "currency", "source")


def run(given: Json, context: Context) -> Json:
    """Return `opportunities`, best first, and their `total`; raises SkillError."""
    limit, by = how_many(given, "max_results", MOST), applicant(given, context)
    if by.budget is not None and by.budget < 0:
        raise SkillError("budget: 0 or more is wanted")
    rows = context.rows(SQL, today=by.today, most=READ)
    wanted = [row for row in rows if not given.get("kinds") or row["kind"] in given["kinds"]]
    there = [row for row in wanted if place_fit(row, given.get("regions") or []) > 0]
    hindered = [(row, obstacles(row, by)) for row in there]
    shut = Counter(why for _, found in hindered for why in found[:1])
    groups = merged([row for row, found in hindered if not found])
    told = [opportunity(group, given, by) for group in groups]
    best = sorted(told, key=lambda one: (-one["fit"], str(one["deadline"] or "9999"), one["id"]))
    warnings = [f"{many} left out: {why}" for why, many in sorted(shut.items())]
    warnings += unlike(there, by)
    warnings += [] if rows else [NONE_RECORDED]
    warnings += [f"the next {READ} deadlines were looked at"] if len(rows) >= READ else []
    missing = 0 if rows else 1
    about = own_data(context, len(rows), missing=missing, sources=["opportunities"], warnings=warnings)
    return {"opportunities": best[:limit], "total": len(best), "meta": about}


def applicant(given: Json, context: Context) -> Applicant:
    """Put together who asks, from the artist's record and what is given; the latter stands first."""
    recorded = artist(context, given["artist_id"]) if given.get("artist_id") else {}
    release = given.get("release") or {}
    own = places_of(recorded.get("location"))
    asked = frozenset(place for region in given.get("regions") or [] for place in music.reach(region))
    return Applicant(
        today=context.now().date(),
        genres=tuple(given.get("genres") or recorded.get("genres") or ()),
        places=own or asked,
        release_date=_date(release.get("date")),
        release_type=release.get("type"),
        budget=given.get("budget"),
        currency=currency(given.get("currency")),
    )


def unlike(rows: list[Json], by: Applicant) -> list[str]:
    """Say that costs of several currencies were held against a budget that names none."""
    counted = {currency(row["currency"]) for row in rows if row["cost"]} - {None}
    if not by.budget or by.currency or len(counted) < 2:  # noqa: PLR2004
        return []
    named = ", ".join(sorted(map(str, counted)))
    return [f"the budget names no currency: costs in {named} were compared with it as numbers"]


def place_fit(row: Json, asked: list[str]) -> float:
    """Return 1 for a place asked for, 0.5 where none is named or all are, 0 elsewhere."""
    if not asked or not row.get("regions"):
        return 0.5
    if any(map(music.is_everywhere, [*asked, *row["regions"]])):
        return 0.5
    has = {music.key(region) for region in row["regions"]}
    near = {place for region in asked for place in music.inside_of(region) | music.reach(region)}
    return 1.0 if has & near else 0.0


def opportunity(group: list[Json], given: Json, by: Applicant) -> Json:
    """Tell one opportunity, however often it was entered."""
    row = group[0]
    genre, place = genre_fit(row, by), place_fit(row, given.get("regions") or [])
    return {
        **{name: row[name] for name in SHOWN},
        "fit": round(GENRE * genre + REGION * place, 4),
        "lead_days": (row["deadline"] - by.today).days if row["deadline"] else None,
        "eligible": True,
        "reasons": reasons(row, genre, by),
        **({"rules": row["rules"]} if row["rules"] else {}),
        "merged": [other["id"] for other in group[1:]],
    }


def reasons(row: Json, genre: float, by: Applicant) -> list[str]:
    """Say why it fits and what to mind."""
    said = [f"for {', '.join(row['genres'])}"] if row["genres"] and genre > 0 else []
    if row["deadline"]:
        said.append(f"{counted((row['deadline'] - by.today).days, 'day')} to the deadline")
    rules = row["rules"] or {}
    if rules.get("quota_tracks") and rules.get("quota_days"):
        tracks, days = counted(rules["quota_tracks"], "track"), counted(rules["quota_days"], "day")
        said.append(f"at most {tracks} in {days}")
    return said


def _date(value: Any) -> date | None:
    return date.fromisoformat(str(value)[:10]) if value else None
