"""Chooses when pitches go out: by what is known of times of the week, and so that more becomes known.

Thompson sampling over slots; every chosen slot comes with the chance with which it was chosen. While pitches
are too few to tell slots apart, no slot is recommended and all are equally likely.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from library.exact import sends_for_lift
from library.figures import counted, needing, with_outcome
from library.localtime import WEEKDAYS, knows_holidays, part_of_day, zone
from library.meta import meta, own_data
from library.openings import Window, limits, openings
from library.outcomes import HORIZON, MOST, bounded
from library.rates import towards_usual
from library.seeds import generator
from library.slots import (
    USUAL,
    Known,
    Seen,
    Slot,
    chances_of_best,
    enough,
    known,
    parsed,
    propensities,
    sharing,
    times_as_often,
    totals,
)
from skill_runner.context import Context, SkillError

STANDS_OUT = 0.8
FARTHEST = timedelta(days=730)
HALF_AS_GOOD_AGAIN, POWER = 1.5, 0.8
SENT = """
WITH latest AS (
    SELECT contact_id, sent_at, replied_at FROM pitches
    WHERE user_id = :user AND sent_at <= :before AND bounced_at IS NULL
    ORDER BY sent_at DESC LIMIT :most
)
SELECT date_bin('15 minutes', l.sent_at, '2000-01-01+00') AS at, c.timezone,
       coalesce(c.type, 'unknown') AS kind, count(*) AS pitches, count(l.replied_at) AS answered
FROM latest l LEFT JOIN contacts c ON c.id = l.contact_id AND c.user_id = :user
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
PEOPLE = """
SELECT id, name, outlet, timezone FROM contacts WHERE user_id = :user AND id = ANY(:ids)
"""

Json = dict[str, Any]


class Scheduled(NamedTuple):
    """When each contact is written to, who is not, and how many have public holidays that are not known."""

    sends: list[Json]
    left_out: list[Json]
    elsewhere: int


class Plan(NamedTuple):
    """The slots, how likely each is to be chosen, and from when to when."""

    slots: tuple[Slot, ...]
    chances: np.ndarray
    window: Window


def run(given: Json, context: Context) -> Json:
    """Return `slots` with what is to be expected of each, and a `schedule` with propensities."""
    home = zone(given["timezone"])
    if home is None:
        raise SkillError("timezone: there is no such time zone; wanted is one such as Europe/London")
    slots = allowed(given.get("slots"))
    window = limits(given.get("not_before"), given.get("deadline"), context.now())
    if window.start > context.now() + FARTHEST:
        raise SkillError("not_before: it is more than two years away")
    seen = sightings(context.rows(SENT, before=context.now() - HORIZON, most=MOST), home)
    rng = generator("optimize-timing", context.user, slots, window, [one["id"] for one in _people(given)])
    evidence = enough(seen)
    facts = known(seen, slots, rng)
    p_best = chances_of_best(facts.draws) if evidence else np.full(len(slots), 1 / len(slots))
    scale = times_as_often(seen).get(given.get("type"), 1.0)
    chances = propensities(p_best, sharing(slots)) if evidence else p_best
    found = scheduled(_people(given), context, home, Plan(slots, chances, window), rng)
    about = _meta(context, seen, slots, p_best, evidence=evidence)
    return {
        "slots": told(slots, facts, p_best, scale) if evidence else [],
        "schedule": found.sends,
        "unscheduled": found.left_out,
        "exploration": round(1 - float(chances[p_best.argmax()]), 4) if evidence else 1.0,
        "meta": {**about, "warnings": [*about["warnings"], *_of_holidays(found.elsewhere)]},
    }


def allowed(wanted: list[str] | None) -> tuple[Slot, ...]:
    """Return the slots asked for, else mornings, afternoons and evenings from Monday to Friday."""
    if wanted is None:
        return USUAL
    found = [(text, parsed(text)) for text in wanted]
    for text, slot in found:
        if slot is None:
            raise SkillError(
                f"slots: '{text[:30]}' is no time of the week; wanted is one such as tuesday morning"
            )
    if not found:
        raise SkillError("slots: the list is empty; leave it out to allow all of Monday to Friday")
    return tuple(sorted({slot for _, slot in found if slot is not None}))


def sightings(rows: list[Json], home: ZoneInfo) -> list[Seen]:
    """Turn counts by instant into counts by local time of the week."""
    counted: dict[tuple[int, str, str], list[int]] = {}
    for row in rows:
        local = row["at"].astimezone(zone(row["timezone"]) or home)
        counts = counted.setdefault((local.weekday(), part_of_day(local.hour), row["kind"]), [0, 0])
        counts[0] += row["pitches"]
        counts[1] += row["answered"]
    return [Seen(*place, *counts) for place, counts in sorted(counted.items())]


def scheduled(
    people: list[Json], context: Context, home: ZoneInfo, plan: Plan, rng: np.random.Generator
) -> Scheduled:
    """Draw a slot for each contact from those that are open where it lives; and say who gets none."""
    rows = {
        row["id"]: row for row in context.rows(PEOPLE, ids=[one["id"] for one in people if one.get("id")])
    }
    sends, left_out, timed, elsewhere = list[Json](), list[Json](), set[str](), 0
    open_at: dict[ZoneInfo, dict[int, datetime]] = {}
    for person in people:
        row = rows.get(person.get("id"))
        if reason := _unfit(person, row) or ("it has a time already" if person["id"] in timed else None):
            left_out.append({**_who(person, row), "reason": reason})
            continue
        where = zone(row["timezone"] if row else None) or home
        if where not in open_at:
            open_at[where] = openings(plan.window, plan.slots, where)
        if not open_at[where]:
            left_out.append({**_who(person, row), "reason": "no allowed time lies within the limits"})
            continue
        timed.add(person["id"])
        elsewhere += not knows_holidays(where.key)
        number, chance = _drawn(sorted(open_at[where]), plan.chances, rng)
        sends.append({**_who(person, row), **_sent(open_at[where][number], where, chance)})
    sends.sort(key=lambda send: (send["send_at"], send["contact_id"]))
    return Scheduled(sends, left_out, elsewhere)


def told(slots: tuple[Slot, ...], facts: Known, p_best: np.ndarray, scale: float) -> list[Json]:
    """Say of each slot, the likeliest best first, what is to be expected of it."""
    low, mean, high = np.minimum(_summary(facts.draws) * scale, 1.0)
    order = sorted(range(len(slots)), key=lambda number: (-p_best[number], slots[number]))
    return [
        {
            "weekday": WEEKDAYS[slots[number].weekday],
            "hour_local": slots[number].hour,
            "p_best": round(float(p_best[number]), 4),
            "expected": {
                "k": int(facts.answered[number]),
                "n": int(facts.pitches[number]),
                "mean": round(float(mean[number]), 4),
                "lo": round(float(low[number]), 4),
                "hi": round(float(high[number]), 4),
                "method": "beta, pooled over contact types",
            },
        }
        for number in order
    ]


def _meta(
    context: Context, seen: list[Seen], slots: tuple[Slot, ...], p_best: np.ndarray, *, evidence: bool
) -> Json:
    answered, pitches = totals(seen)
    if evidence and _surest(slots, p_best) >= STANDS_OUT:
        return own_data(context, pitches, warnings=bounded(pitches))
    mean, share = towards_usual(answered, pitches), 1 / max(len(slots), 2)
    wanted = sends_for_lift(mean, times=HALF_AS_GOOD_AGAIN, level=0.05 / len(slots), power=POWER, share=share)
    could_do_so = mean * HALF_AS_GOOD_AGAIN < 1
    if evidence and could_do_so and pitches >= min(wanted, MOST):
        told = f"no time stands out: {with_outcome(pitches)} would show one that does half as well again"
        found = told if pitches >= wanted else "no time stands out"
        return own_data(context, pitches, warnings=[found, *bounded(pitches)])
    needed = max(wanted - pitches, 1)
    lacking = "no evidence yet" if not evidence else "no time stands out yet"
    warning = f"{lacking}: {with_outcome(pitches)}, about {needing(needed)}"
    return meta(
        context, "own_data" if evidence else "insufficient", pitches, needed=needed, warnings=[warning]
    )


def _of_holidays(elsewhere: int) -> list[str]:
    """Say so, where contacts have public holidays that nobody looked at."""
    if not elsewhere:
        return []
    many, verb = counted(elsewhere, "contact"), "lives" if elsewhere == 1 else "live"
    return [f"{many} {verb} where no public holiday is known but New Year's Day and Christmas"]


def _surest(slots: tuple[Slot, ...], p_best: np.ndarray) -> float:
    """Return how likely the likeliest part of a day is the best, however many of its hours are allowed."""
    return float((p_best * sharing(slots)).max())


def _summary(draws: np.ndarray) -> np.ndarray:
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return np.stack([low, draws.mean(axis=0), high])


def _drawn(numbers: list[int], chances: np.ndarray, rng: np.random.Generator) -> tuple[int, float]:
    """Return the slot drawn from those that are open, and the chance it had among them."""
    chance = chances[numbers] / chances[numbers].sum()
    drawn = int(rng.choice(len(numbers), p=chance))
    return numbers[drawn], float(chance[drawn])


def _who(person: Json, row: Json | None) -> Json:
    known = {name: row[name] for name in ("name", "outlet") if row[name] is not None} if row else {}
    return {"contact_id": person.get("id"), **known}


def _sent(at: datetime, where: ZoneInfo, chance: float) -> Json:
    local = at.astimezone(where).strftime("%A %Y-%m-%d %H:%M")
    return {
        "send_at": at.isoformat(),
        "local": f"{local} {where.key}",
        "propensity": round(chance, 6),
    }


def _unfit(person: Json, row: Json | None) -> str | None:
    if person.get("suppressed"):
        return "it must not be written to"
    if not person.get("id"):
        return "it has no id"
    return None if row else "it is none of your contacts"


def _people(given: Json) -> list[Json]:
    return [{"id": one.get("id"), "suppressed": one.get("suppressed")} for one in given.get("contacts") or ()]
