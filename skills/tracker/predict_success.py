"""Predicts who will answer, from own pitches; with too few it gives rates and says what is missing."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np

from library.figures import needing, with_outcome
from library.forecasting import FEWEST, forecast
from library.meta import meta
from library.objections import left_out, reachable
from library.outcomes import HORIZON_DAYS
from library.pitched import genre_match, keys
from library.propensity import Sent
from library.rates import made
from library.records import campaign
from skill_runner.context import Context, SkillError

MOST, MOST_ASKED, SHOWN = 6_000, 2_000, 200
LONGEST_DAYS = 90
SUCCESS = {"replied": "replied_at", "positive": "positive_at", "placed": "placed_at"}
INTERVAL = 1.96
MATURE = """
WITH latest AS (
    SELECT contact_id, campaign_id, sent_at, template, channel,
           coalesce({column} - sent_at <= :horizon, false) AS success
    FROM pitches
    WHERE user_id = :user AND sent_at <= :before AND bounced_at IS NULL
    ORDER BY sent_at DESC, id LIMIT :most
)
SELECT p.*, c.type, c.genre_keys, k.genres AS wanted, a.genres AS own
FROM latest p
LEFT JOIN contacts c ON c.id = p.contact_id AND c.user_id = :user
LEFT JOIN campaigns k ON k.id = p.campaign_id AND k.user_id = :user
LEFT JOIN artists a ON a.id = k.artist_id AND a.user_id = :user
ORDER BY p.sent_at, p.contact_id
"""
PEOPLE = """
SELECT c.id, c.name, c.outlet, c.type, c.genre_keys FROM contacts c
WHERE c.user_id = :user AND c.id = ANY(CAST(:ids AS uuid[]))
"""
NOT_YET_PITCHED = """
SELECT c.id, c.name, c.outlet, c.type, c.genre_keys
FROM contacts c LEFT JOIN (
    SELECT contact_id, count(*) AS answers FROM pitches
    WHERE user_id = :user AND replied_at IS NOT NULL GROUP BY contact_id
) heard ON heard.contact_id = c.id
WHERE c.user_id = :user AND NOT c.suppressed AND NOT c.erased AND NOT EXISTS (
    SELECT 1 FROM pitches p WHERE p.campaign_id = CAST(:campaign AS uuid) AND p.contact_id = c.id)
ORDER BY coalesce(heard.answers, 0) DESC, c.id LIMIT :most
"""
PASTS = """
SELECT contact_id, count(*) AS earlier, max(sent_at) AS last,
       count(*) FILTER (WHERE sent_at <= :before AND bounced_at IS NULL) AS n,
       count(*) FILTER (WHERE sent_at <= :before AND bounced_at IS NULL
                        AND {column} - sent_at <= :horizon) AS k,
       count(*) FILTER (WHERE campaign_id = CAST(:campaign AS uuid)) AS here,
       count(*) FILTER (WHERE campaign_id = CAST(:campaign AS uuid) AND replied_at <= :now) AS answered
FROM pitches
WHERE user_id = :user AND contact_id = ANY(CAST(:ids AS uuid[])) AND sent_at <= :now
GROUP BY contact_id
"""
ARTIST_GENRES = "SELECT genres FROM artists WHERE user_id = :user AND id = CAST(:artist AS uuid)"

Json = dict[str, Any]


def run(given: Json, context: Context) -> Json:
    """Return a prediction for each contact, the likeliest first, and the card of the model behind them."""
    horizon = _horizon(given["horizon_days"])
    act = campaign(context, given["campaign_id"]) if given.get("campaign_id") else None
    asked = (given.get("contacts") or [])[:MOST_ASKED]
    kept = reachable(asked)
    people = _people(None if given.get("contacts") is None else kept, act, context)
    before, column = context.now() - horizon, SUCCESS[given["outcome"]]
    rows = context.rows(MATURE.format(column=column), before=before, horizon=horizon, most=MOST)
    rows = [{**row, "match": genre_match(row)} for row in rows]
    model = forecast(rows, horizon, given["outcome"])
    ids = [person["id"] for person in people if person.get("id")]
    found = context.rows(
        PASTS.format(column=column),
        ids=ids,
        before=before,
        now=context.now(),
        horizon=horizon,
        campaign=act and act["id"],
    )
    pasts = {row["contact_id"]: row for row in found}
    wanted = _genres(act, context)
    sent = [_as_if_sent(one, pasts.get(one.get("id")), wanted, context.now()) for one in people]
    named = zip(people, model.predict(sent), strict=True)
    predictions = [{**_who(person), **prediction} for person, prediction in named]
    predictions.sort(key=lambda one: (-one["p"], str(one.get("contact_id"))))
    missing = max(FEWEST - len(rows), 0)
    basis = ("insufficient" if missing else "own_data") if rows else "prior_only"
    return {
        "predictions": predictions[:SHOWN],
        "expected": expected(predictions, model.doubt(sent) if sent else 0.0),
        "model": model.card,
        "meta": meta(
            context,
            basis,
            len(rows),
            needed=missing or None,
            warnings=[
                *left_out(asked, kept),
                *_warnings(rows, people, model.card, looked_at=max(len(asked), len(people))),
                *_pitched_here(found),
                *([f"the {SHOWN} likeliest of {len(people)} are told"] if len(people) > SHOWN else []),
            ],
        ),
    }


def expected(predictions: list[Json], doubt: float) -> Json:
    """Return the share of these contacts that will succeed: chance and doubt about all rates together."""
    n = len(predictions)
    if not n:
        return made(0, 0, 0.0, (0.0, 1.0), "none asked for")
    p = np.array([one["p"] for one in predictions])
    half = INTERVAL * np.sqrt((p * (1 - p)).sum() / n**2 + doubt**2)
    bounds = (max(0.0, float(p.mean() - half)), min(1.0, float(p.mean() + half)))
    return made(float(p.sum()), n, float(p.mean()), bounds, "sum of predictions")


def _people(contacts: list[Json] | None, act: Json | None, context: Context) -> list[Json]:
    if contacts is None and act is None:
        raise SkillError("contacts: say whom to predict for, or give a campaign_id")
    if contacts is None and act is not None:
        return context.rows(NOT_YET_PITCHED, campaign=act["id"], most=MOST_ASKED)
    asked = contacts or []
    ids = [one["id"] for one in asked if one.get("id")]
    known = {row["id"]: row for row in context.rows(PEOPLE, ids=ids)} if ids else {}
    return [
        known.get(one.get("id"))
        or {**one, "type": one.get("type"), "genre_keys": list(keys(one.get("genres") or ()))}
        for one in asked
    ]


def _as_if_sent(person: Json, past: Json | None, wanted: list[str], now: datetime) -> Sent:
    match = genre_match({"wanted": wanted, "own": (), "genre_keys": person["genre_keys"]})
    if past is None:
        return Sent(type=person["type"], match=match)
    days = (now - past["last"]) / timedelta(days=1)
    return Sent(
        type=person["type"], match=match, k=past["k"], n=past["n"], earlier=past["earlier"], days=days
    )


def _genres(act: Json | None, context: Context) -> list[str]:
    if act is None:
        return []
    if act["genres"] or not act["artist_id"]:
        return act["genres"] or []
    found = context.rows(ARTIST_GENRES, artist=act["artist_id"])
    return (found[0]["genres"] if found else None) or []


def _warnings(rows: list[Json], people: list[Json], card: Json, *, looked_at: int) -> list[str]:
    told = []
    if len(rows) < FEWEST:
        told.append(
            f"not enough data for a model: {with_outcome(len(rows))}, {needing(FEWEST - len(rows))}; "
            "these are rates"
        )
    elif card["kind"] != "logistic":
        told.append("a model did no better than the rates of contact and type: these are rates")
    if len(rows) >= MOST:
        told.append(f"the latest {MOST} mature pitches were looked at")
    if looked_at >= MOST_ASKED:
        told.append(f"no more than {MOST_ASKED} contacts were looked at")
    return told if people else [*told, "there is nobody to predict for"]


def _pitched_here(pasts: list[Json]) -> list[str]:
    """Say of whom the campaign knows already: what is predicted is how another pitch would do."""
    here, answered = (sum(past[name] for past in pasts) for name in ("here", "answered"))
    return [f"{here} pitched in this campaign already, {answered} answered"] if here else []


def _who(person: Json) -> Json:
    told = {"contact_id": person.get("id"), "name": person.get("name"), "outlet": person.get("outlet")}
    return {name: value for name, value in told.items() if value is not None}


def _horizon(days: int) -> timedelta:
    if not 1 <= days <= LONGEST_DAYS:
        raise SkillError(f"horizon_days: from 1 to {LONGEST_DAYS} is wanted, {HORIZON_DAYS} is usual")
    return timedelta(days=days)
