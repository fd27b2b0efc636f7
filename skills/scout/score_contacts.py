"""Scores contacts from 0 to 1, and says why: what each part adds and what it could add at most.

Only what is asked for counts: without a wish for regions, the other parts weigh more. Once the user has
pitched, it counts how likely each contact is to answer (empirical Bayes, Efron, Morris 1975) and how often it
was written to of late in vain. The order given does not matter; one that is suppressed is left out.
"""

import json
from datetime import datetime
from typing import Any, NamedTuple

from library import music
from library.asked import how_many
from library.contact_history import OTHERS, Past, expected, pasts, pitched_for, priors
from library.figures import counted
from library.meta import own_data
from library.objections import left_out, reachable
from library.rates import Prior
from skill_runner.context import Context, SkillError

WEIGHTS = {
    "genre": 6.0,
    "region": 2.0,
    "type": 1.0,
    "reply": 3.0,
    "email": 1.0,
    "freshness": 1.0,
    "fatigue": 1.0,
}
FRESH_DAYS, STALE_DAYS = 90, 730
UNKNOWN_AGE = 0.5
USUAL_RATE = 0.1
TIRED_AFTER = 3
MOST = 1000
Json = dict[str, Any]


class Fit(NamedTuple):
    """How well one part fits, from 0 to 1, and why."""

    share: float
    why: str


class Memory(NamedTuple):
    """What contacts did with earlier pitches, by id, and what their types have in common."""

    pasts: dict[str, Past]
    priors: dict[str, Prior]

    def expected(self, contact: Json) -> Json:
        """Return how likely the contact is to answer, as a `Rate`."""
        prior = self.priors.get(contact.get("type") or OTHERS, self.priors[OTHERS])
        return expected(self.pasts.get(contact.get("id") or ""), prior)


def run(given: Json, context: Context) -> Json:
    """Return `contacts` with `relevance_score` and `score_parts`, best first; raises SkillError."""
    asked, criteria = given["contacts"], given.get("criteria") or {}
    if len(asked) > MOST:
        raise SkillError(f"contacts: at most {MOST} are scored at once, these are {len(asked)}")
    wanted = criteria.get("limit")
    limit = how_many({"criteria.limit": MOST if wanted is None else wanted}, "criteria.limit", MOST)
    contacts = unpitched(reached := reachable(asked), criteria.get("unpitched_for"), context)
    memory = remembered(contacts, context)
    scored = [scored_contact(contact, criteria, context.now(), memory) for contact in contacts]
    least = criteria.get("min_score") or 0
    best = sorted((each for each in scored if each["relevance_score"] >= least), key=_order)
    warnings = left_out(asked, reached)
    if pitched := len(reached) - len(contacts):
        warnings.append(f"left out who was pitched for this release already: {pitched}")
    if len(best) > limit:
        warnings.append(f"the best {limit} of {len(best)} are shown: criteria.limit says how many")
    return {"contacts": best[:limit], "meta": _about(context, contacts, memory, warnings)}


def unpitched(contacts: list[Json], release_id: str | None, context: Context) -> list[Json]:
    """Leave out who was pitched for this release; without one, nobody."""
    ids = [contact["id"] for contact in contacts if contact.get("id")]
    if release_id is None or not ids:
        return contacts
    pitched = pitched_for(release_id, ids, context)
    return [contact for contact in contacts if contact.get("id") not in pitched]


def remembered(contacts: list[Json], context: Context) -> Memory | None:
    """Return None while the user has not pitched any of these contacts."""
    ids = [contact["id"] for contact in contacts if contact.get("id")]
    known = pasts(ids, context) if ids else {}
    return Memory(known, priors(context)) if known else None


def scored_contact(contact: Json, criteria: Json, now: datetime, memory: Memory | None) -> Json:
    past = memory.pasts.get(contact.get("id") or "") if memory else None
    fits = {
        "genre": genre_fit(contact.get("genres") or [], criteria.get("genres") or []),
        "region": region_fit(contact.get("regions") or [], criteria.get("regions") or []),
        "type": type_fit(contact.get("type"), criteria.get("types") or []),
        "reply": memory and reply_fit(contact, memory),
        "email": email_fit(contact.get("email"), past),
        "freshness": freshness(contact.get("imported_at"), now),
        "fatigue": memory and fatigue_fit(past),
    }
    parts = scored_parts({name: fit for name, fit in fits.items() if fit is not None})
    return {**contact, **told(contact, memory), "relevance_score": total(parts), "score_parts": parts}


def told(contact: Json, memory: Memory | None) -> Json:
    """Return what the scored contact says of its past: how likely an answer is, and the last pitch."""
    if memory is None:
        return {}
    past = memory.pasts.get(contact.get("id") or "")
    last = {"last_contacted_at": past.last_sent_at} if past and past.last_sent_at else {}
    return {"history": memory.expected(contact), **last}


def reply_fit(contact: Json, memory: Memory) -> Fit:
    """Half marks for one answer in ten pitches; more answers always bring more."""
    likely = memory.expected(contact)
    share = likely["mean"] / (likely["mean"] + USUAL_RATE)
    past = memory.pasts.get(contact.get("id") or "")
    if past is None or not past.n:
        return Fit(share, "no settled pitch yet: taken as its type usually is")
    placed = f", {past.placed} placed" if past.placed else ""
    return Fit(share, f"answered {past.k} of {past.n} pitches{placed}")


def fatigue_fit(past: Past | None) -> Fit:
    """No marks after three messages in sixty days that were not answered."""
    unanswered = past.unanswered if past else 0
    if not unanswered:
        return Fit(1, "nothing unanswered in sixty days")
    return Fit(max(1 - unanswered / TIRED_AFTER, 0.0), f"{unanswered} unanswered in sixty days")


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
    near = music.nearness(wanted)
    return max(((near.get(music.key(genre), 0.0), genre, wanted) for genre in has), default=(0.0, "", wanted))


def region_fit(has: list[str], wanted: list[str]) -> Fit | None:
    if not wanted:
        return None
    if any(map(music.is_everywhere, wanted)):
        return None
    inside = {place for region in wanted for place in music.served_from(region)}
    for region in has:
        if music.key(region) in inside:
            return Fit(1, f"is {'' if music.is_everywhere(region) else 'in '}{region}")
    around = {place for region in wanted for place in music.reach(region)}
    for region in has:
        if music.key(region) in around:
            return Fit(0, f"is somewhere in {region}")
    return Fit(0, "is elsewhere" if has else "region unknown")


def type_fit(has: str | None, wanted: list[str]) -> Fit | None:
    if not wanted:
        return None
    return Fit(1, f"is {has}") if has in wanted else Fit(0, "is of another type")


def email_fit(email: Any, past: Past | None) -> Fit:
    """No marks for an address that the last pitch did not reach."""
    if email and past and past.bounced:
        return Fit(0, "the last pitch to its address bounced")
    return Fit(1, "has an e-mail address") if email else Fit(0, "has no e-mail address")


def freshness(imported_at: str | None, now: datetime) -> Fit:
    """Full marks for three months, none after two years."""
    if imported_at is None:
        return Fit(UNKNOWN_AGE, "age of the entry unknown")
    days = (now - datetime.fromisoformat(imported_at)).days
    share = (STALE_DAYS - days) / (STALE_DAYS - FRESH_DAYS)
    ago = "today" if days < 1 else f"{counted(days, 'day')} ago"
    return Fit(min(max(share, 0.0), 1.0), f"imported {ago}")


def _about(context: Context, contacts: list[Json], memory: Memory | None, warnings: list[str]) -> Json:
    if not contacts:
        return own_data(context, 0, missing=1, warnings=[*warnings, "there is nobody to score"])
    if memory is None:
        return own_data(context, 0, sources=["contacts"], warnings=warnings)
    settled = sum(past.n for past in memory.pasts.values())
    return own_data(context, settled, sources=["contacts", "pitches"], warnings=warnings)


def _order(contact: Json) -> tuple[float, str]:
    return -contact["relevance_score"], json.dumps(contact, sort_keys=True, default=str)
