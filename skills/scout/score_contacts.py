"""Scores contacts from 0 to 1, and says why: what each part adds and what it could add at most.

Only what is asked for counts: without a wish for regions, the other parts weigh more. The order in which
contacts are given does not matter, and one that is suppressed is left out. What is near to the genres asked
for counts as well, and what lies in the regions: by the tables below, which research_contacts.py has too.
"""

import json
import re
from datetime import datetime
from typing import Any, NamedTuple

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
WEIGHTS = {"genre": 6.0, "region": 2.0, "type": 1.0, "email": 1.0, "freshness": 1.0}
FRESH_DAYS, STALE_DAYS = 90, 730
UNKNOWN_AGE = 0.5
Json = dict[str, Any]


class Fit(NamedTuple):
    """How well one part fits, from 0 to 1, and why."""

    share: float
    why: str


def run(given: Json, context: Any) -> Json:
    """Return `contacts` with `relevance_score` and `score_parts`, best first."""
    criteria = given.get("criteria") or {}
    scored = [
        scored_contact(contact, criteria, context.now())
        for contact in given["contacts"]
        if not contact.get("suppressed")
    ]
    least = criteria.get("min_score") or 0
    best = sorted((each for each in scored if each["relevance_score"] >= least), key=_order)
    return {"contacts": best[: _at_most(criteria.get("limit"))]}


def scored_contact(contact: Json, criteria: Json, now: datetime) -> Json:
    fits = {
        "genre": genre_fit(contact.get("genres") or [], criteria.get("genres") or []),
        "region": region_fit(contact.get("regions") or [], criteria.get("regions") or []),
        "type": type_fit(contact.get("type"), criteria.get("types") or []),
        "email": email_fit(contact.get("email")),
        "freshness": freshness(contact.get("imported_at"), now),
    }
    parts = scored_parts({name: fit for name, fit in fits.items() if fit is not None})
    return {**contact, "relevance_score": total(parts), "score_parts": parts}


def scored_parts(fits: dict[str, Fit]) -> list[Json]:
    whole = sum(WEIGHTS[name] for name in fits)
    shares = {name: WEIGHTS[name] / whole for name in fits}
    return [
        {
            "name": name,
            "points": round(shares[name] * fit.share, 4),
            "of": round(shares[name], 4),
            "why": fit.why,
        }
        for name, fit in fits.items()
    ]


def total(parts: list[Json]) -> float:
    """Sum up; what rounding put above 1 is taken from the first part."""
    points = round(sum(part["points"] for part in parts), 4)
    if points > 1:
        parts[0]["points"] = round(parts[0]["points"] - (points - 1), 4)
    return min(points, 1.0)


def genre_fit(has: list[str], wanted: list[str]) -> Fit | None:
    """The best of what is wanted counts most; each further one that fits brings it nearer to 1."""
    if not wanted:
        return None
    fits = sorted((closest(genre, has) for genre in wanted), reverse=True)
    best, found, asked = fits[0]
    if best == 0:
        return Fit(0, "plays none of the genres, nor one near to them")
    others = sum(fit[0] for fit in fits[1:]) / max(len(fits) - 1, 1)
    share = best * (0.8 + 0.2 * others) if len(fits) > 1 else best
    return Fit(share, f"plays {found}" if best == 1 else f"plays {found}, near to {asked}")


def closest(wanted: str, has: list[str]) -> tuple[float, str, str]:
    """Return how near the nearest genre is, which it is, and what was wanted."""
    near = near_genres().get(key(wanted), {}) | {key(wanted): 1.0}
    return max(((near.get(key(genre), 0.0), genre, wanted) for genre in has), default=(0.0, "", wanted))


def region_fit(has: list[str], wanted: list[str]) -> Fit | None:
    if not wanted:
        return None
    inside = {place for region in wanted for place in inside_of(region)}
    for region in has:
        if key(region) in inside:
            return Fit(1, f"is in {region}")
    return Fit(0, "is elsewhere" if has else "region unknown")


def type_fit(has: str | None, wanted: list[str]) -> Fit | None:
    if not wanted:
        return None
    return Fit(1, f"is {has}") if has in wanted else Fit(0, "is of another type")


def email_fit(email: Any) -> Fit:
    return Fit(1, "has an e-mail address") if email else Fit(0, "has no e-mail address")


def freshness(imported_at: str | None, now: datetime) -> Fit:
    """Full marks for three months, none after two years."""
    if imported_at is None:
        return Fit(UNKNOWN_AGE, "age of the entry unknown")
    days = (now - datetime.fromisoformat(imported_at)).days
    share = (STALE_DAYS - days) / (STALE_DAYS - FRESH_DAYS)
    return Fit(min(max(share, 0.0), 1.0), f"imported {max(days, 0)} days ago")


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


def key(name: str) -> str:
    """Make Synth-Pop, synth pop and synthpop one."""
    return re.sub(r"[^a-z0-9&]", "", name.lower())


def _at_most(limit: int | None) -> int | None:
    return None if limit is None else max(limit, 0)


def _order(contact: Json) -> tuple[float, str]:
    return -contact["relevance_score"], json.dumps(contact, sort_keys=True)


def _usual(place: str) -> str:
    same = (name for name, others in _parts(SAME).items() if key(place) in map(key, others))
    return next(same, key(place))


def _parts(table: str) -> dict[str, list[str]]:
    lines = [line.split(": ") for line in table.strip().splitlines()]
    return {name: parts.split(", ") for name, parts in lines}
