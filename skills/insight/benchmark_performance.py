"""Sets a campaign's, an artist's or a user's results beside those of artists who opted in.

Each artist's result is drawn towards the others', as far as they are alike, so that three answers to ten
pitches are not the best of all; where one stands among them is told with its interval.
"""

from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np

from library.cohort import admitted, is_own, opted_in, withheld
from library.figures import needing, percent, with_outcome
from library.meta import own_data
from library.outcomes import HORIZON
from library.pitched import keys
from library.rates import towards_usual, wilson
from library.records import artist, campaign
from library.references import references
from library.seeds import generator
from library.shrinking import mean_draws, rank_draws, rate_draws
from skill_runner.context import Context

YEAR, LATELY = timedelta(days=365), "in the last year"
DRAWS = 2000
WISHED_ERROR = 0.03
NORMAL_95 = 1.96
USUAL_SPREAD, AS_IF = 1.0, 10
COUNTS = """
SELECT {group} AS id, count(*) AS n, count(p.replied_at) AS replied, count(p.placed_at) AS placed,
       coalesce(sum(ln(p.days)) FILTER (WHERE p.replied_at IS NOT NULL), 0) AS logs,
       coalesce(sum(ln(p.days) ^ 2) FILTER (WHERE p.replied_at IS NOT NULL), 0) AS squares
FROM {whose}
CROSS JOIN LATERAL (
    SELECT user_id, replied_at, placed_at,
           greatest(extract(epoch FROM replied_at - sent_at)::float8 / 86400, 1.0 / 24) AS days
    FROM pitches
    WHERE campaign_id = k.id AND sent_at > :since AND sent_at <= :before AND bounced_at IS NULL
    OFFSET 0
) p
WHERE {chosen} AND p.user_id = k.user_id
GROUP BY 1 ORDER BY 1
"""
OF_ARTISTS = COUNTS.format(
    group="a.id",
    whose="artists a JOIN campaigns k ON k.artist_id = a.id AND k.user_id = a.user_id",
    chosen="a.id = ANY(:artists)",
)
OWN = COUNTS.format(group="k.user_id", whose="campaigns k", chosen="k.user_id = :user")
OWN_ARTIST = COUNTS.format(
    group="k.user_id", whose="campaigns k", chosen="k.user_id = :user AND k.artist_id = :artist"
)
OWN_CAMPAIGN = COUNTS.format(
    group="k.user_id", whose="campaigns k", chosen="k.user_id = :user AND k.id = :campaign"
)
WORSE = {
    "reply_rate": "answered less often",
    "placement_rate": "placed less often",
    "days_to_reply": "slower",
}
NAMES = {"reply_rate": "reply rate", "placement_rate": "placement rate", "days_to_reply": "days to reply"}

Json = dict[str, Any]


class Counts(NamedTuple):
    """Mature pitches of one artist: how many, what became of them, sums over the logs of days to reply."""

    n: int = 0
    replied: int = 0
    placed: int = 0
    logs: float = 0.0
    squares: float = 0.0

    def successes(self, metric: str) -> int:
        return self.placed if metric == "placement_rate" else self.replied

    def trials(self, metric: str) -> int:
        return self.replied if metric == "days_to_reply" else self.n


def run(given: Json, context: Context) -> Json:
    """Return `you`, the `cohort` where it may be shown, one's `percentile` in it, and published figures."""
    metric = given["metric"]
    whose = _whose(given, context)
    you = _own(given, context)
    others, reason = _others(given, context, whose)
    cited = references(metric)
    own = own_result(you, metric)
    if not others or not you.trials(metric):
        nothing = reason or "nothing of yours can be set beside others yet"
        return {"you": own, "references": cited, **_alone(context, you, metric, nothing)}
    rng = generator("benchmark-performance", metric, you, others)
    draws = posterior([you, *others], metric, rng)
    place = percentile(draws, metric)
    return {
        "you": own,
        "cohort": distribution(draws, metric),
        "percentile": place,
        "references": cited,
        "verdict": sentence(own, place, metric),
        "meta": own_data(context, you.n),
    }


def posterior(all_: list[Counts], metric: str, rng: np.random.Generator) -> np.ndarray:
    """Draw everybody's true result, one's own first; days as logs, of those with an answer."""
    if metric != "days_to_reply":
        k = np.array([one.successes(metric) for one in all_])
        return rate_draws(k, np.array([one.n for one in all_]), rng, draws=DRAWS)
    n = np.array([one.replied for one in all_], dtype=float)
    return mean_draws(np.array([one.logs for one in all_]) / n, spread(all_) / np.sqrt(n), rng, draws=DRAWS)


def spread(all_: list[Counts]) -> float:
    """Return how far the logs of an artist's own days lie apart, drawn to 1 as if by ten answers."""
    answered = [one for one in all_ if one.replied]
    within = sum(one.squares - one.logs**2 / one.replied for one in answered)
    free = sum(one.replied - 1 for one in answered)
    return float(np.sqrt((USUAL_SPREAD**2 * AS_IF + max(within, 0.0)) / (AS_IF + free)))


def percentile(draws: np.ndarray, metric: str) -> Json:
    """Return the share of others that do worse; for days, those that take longer."""
    below = rank_draws(draws, 0)
    ranks = 1 - below if metric == "days_to_reply" else below
    others = draws.shape[1] - 1
    low, high = np.quantile(ranks, [0.025, 0.975])
    mean = float(ranks.mean())
    method = "posterior draws, beta-binomial" if metric != "days_to_reply" else "posterior draws, log-normal"
    return {
        "k": round(mean * others),
        "n": others,
        "mean": round(mean, 4),
        "lo": round(min(float(low), mean), 4),
        "hi": round(max(float(high), mean), 4),
        "method": method,
    }


def distribution(draws: np.ndarray, metric: str) -> Json:
    """Return how the others' true results are spread, no artist told apart."""
    spread = np.quantile(draws[:, 1:], [0.1, 0.5, 0.9], axis=1).mean(axis=1)
    values = np.exp(spread) if metric == "days_to_reply" else spread
    return {
        "n": draws.shape[1] - 1,
        **{name: round(float(value), 4) for name, value in zip(("p10", "p50", "p90"), values, strict=True)},
    }


def own_result(you: Counts, metric: str) -> Json:
    """Return the counted result; days to reply as the geometric mean of those answered."""
    if metric != "days_to_reply":
        return wilson(you.successes(metric), you.n)
    if not you.replied:
        return {"k": 0, "n": you.n, "mean": 0.0, "lo": 0.0, "hi": 0.0, "method": "days; nobody answered yet"}
    centre, error = you.logs / you.replied, NORMAL_95 * spread([you]) / np.sqrt(you.replied)
    low, mean, high = (round(float(np.exp(centre + sign * error)), 2) for sign in (-1, 0, 1))
    method = "days, geometric mean, log-normal"
    return {"k": you.replied, "n": you.n, "mean": mean, "lo": low, "hi": high, "method": method}


def missing(you: Counts, metric: str) -> int:
    """Return how many more pitches bring the rate to within three points; 0 when it is there."""
    rate = towards_usual(you.successes(metric), you.n)
    wanted = (NORMAL_95 / WISHED_ERROR) ** 2 * rate * (1 - rate)
    return max(int(np.ceil(wanted)) - you.n, 0)


def sentence(own: Json, place: Json, metric: str) -> str:
    what = f"{own['mean']:.1f} days" if metric == "days_to_reply" else percent(own["mean"])
    return (
        f"Your {NAMES[metric]} {LATELY} is {what}: {100 * place['mean']:.0f} % "
        f"({100 * place['lo']:.0f} to {100 * place['hi']:.0f}) of {place['n']} artists are {WORSE[metric]}"
    )


def _alone(context: Context, you: Counts, metric: str, reason: str) -> Json:
    needed = missing(you, metric)
    sources = sorted({one["source"] for one in references(metric)})
    if not needed:
        verdict = f"Your {NAMES[metric]} {LATELY} stands alone: {reason}"
        return {"verdict": verdict, "meta": own_data(context, you.n, warnings=[reason])}
    verdict = f"Not enough data: {with_outcome(you.n)} {LATELY}, about {needing(needed)}; {reason}"
    told = own_data(context, you.n, missing=needed, sources=sources, warnings=[verdict])
    return {"verdict": verdict, "meta": told}


def _others(given: Json, context: Context, whose: str | None) -> tuple[list[Counts], str]:
    """Return the cohort's counts, or none and why; nobody is set beside themselves."""
    all_mine = not (given.get("campaign_id") or given.get("artist_id"))
    wanted = keys((given.get("cohort") or {}).get("genres") or ())
    artists = [
        one
        for one in opted_in(context)
        if one["id"] != whose
        and not (all_mine and is_own(one, context))
        and (not wanted or wanted & set(one["genre_keys"] or ()))
    ]
    shown = admitted(artists, context)
    if not shown:
        return [], withheld(len(artists))
    rows = context.rows(OF_ARTISTS, artists=shown, **_span(context))
    counted = {row["id"]: _counts(row) for row in rows}
    told = [one for one in artists if counted.get(one["id"], Counts()).trials(given["metric"])]
    kept = admitted(told, context)
    return [counted[name] for name in kept], "" if kept else withheld(len(told))


def _own(given: Json, context: Context) -> Counts:
    if given.get("campaign_id"):
        rows = context.rows(OWN_CAMPAIGN, campaign=given["campaign_id"], **_span(context))
    elif given.get("artist_id"):
        rows = context.rows(OWN_ARTIST, artist=given["artist_id"], **_span(context))
    else:
        rows = context.rows(OWN, **_span(context))
    return _counts(rows[0]) if rows else Counts()


def _whose(given: Json, context: Context) -> str | None:
    """Return the artist whose results they are, None for all; raises SkillError for an unknown id."""
    if given.get("campaign_id"):
        return campaign(context, given["campaign_id"])["artist_id"]
    if given.get("artist_id"):
        return artist(context, given["artist_id"])["id"]
    return None


def _span(context: Context) -> Json:
    return {"since": context.now() - YEAR, "before": context.now() - HORIZON}


def _counts(row: Json) -> Counts:
    return Counts(*(row[name] for name in Counts._fields))
