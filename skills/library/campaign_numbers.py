"""A campaign in numbers: what was sent and what came of it, this period beside the one before.

Opens are not counted: mail programs load pictures by themselves, so an open says nothing of a person.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from library.eventual import Ages, answered_share, delay_counts, expected_eventual
from library.figures import percent, span
from library.outcomes import HORIZON, HORIZON_DAYS, MOST
from library.rates import p_greater, wilson
from skill_runner.context import Context

METRICS = ("replied", "positive", "placed")
SURE = 0.975
FEWEST = 10
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

COUNTS = """
SELECT sent_at > :since AS current, count(*) AS sent,
       count(*) FILTER (WHERE bounced_at <= :until) AS bounced,
       count(*) FILTER (WHERE ok AND replied_at <= :until) AS replied,
       count(*) FILTER (WHERE ok AND positive_at <= :until) AS positive,
       count(*) FILTER (WHERE ok AND placed_at <= :until) AS placed,
       count(*) FILTER (WHERE ok AND declined_at <= :until) AS declined,
       count(*) FILTER (WHERE ok AND (replied_at > :until OR replied_at IS NULL)
                        AND sent_at > :settled) AS pending,
       count(*) FILTER (WHERE ok AND replied_at <= least(:until, sent_at + :horizon)) AS replied_in_time,
       count(*) FILTER (WHERE ok AND positive_at <= least(:until, sent_at + :horizon)) AS positive_in_time,
       count(*) FILTER (WHERE ok AND placed_at <= least(:until, sent_at + :horizon)) AS placed_in_time
FROM (SELECT *, (bounced_at > :until OR bounced_at IS NULL) AS ok FROM pitches
      WHERE user_id = :user AND campaign_id = CAST(:campaign AS uuid)
        AND sent_at > :before AND sent_at <= :until) p
GROUP BY 1
"""
AGES = """
SELECT sent_at > :since AS current,
       least(round(extract(epoch FROM :until - sent_at) / 8640) / 10, :most_days) AS days,
       count(*) AS many, count(*) FILTER (WHERE replied_at <= :until) AS answered
FROM pitches
WHERE user_id = :user AND campaign_id = CAST(:campaign AS uuid) AND sent_at > :before AND sent_at <= :until
  AND (bounced_at > :until OR bounced_at IS NULL)
GROUP BY 1, 2 ORDER BY 1, 2
"""
DELAYS = """
SELECT metric, round(extract(epoch FROM at - sent_at) / 3600) / 24 AS days, count(*) AS many
FROM (SELECT sent_at, replied_at, positive_at, placed_at, bounced_at
      FROM pitches WHERE user_id = :user AND sent_at <= :settled
      ORDER BY sent_at DESC, id LIMIT :most) p
CROSS JOIN LATERAL (VALUES ('replied', replied_at), ('positive', positive_at), ('placed', placed_at))
  AS came(metric, at)
WHERE bounced_at IS NULL AND at - sent_at <= :horizon
GROUP BY 1, 2 ORDER BY 1, 2
"""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Window:
    """Pitches sent after `since` and by `until`, beside those after `before`; no `before` in `all`."""

    until: datetime
    since: datetime
    before: datetime
    days: int | None

    @property
    def words(self) -> str:
        return "so far" if self.days is None else f"in the last {self.days} days"


@dataclass(frozen=True, slots=True)
class Side:
    """One period: its funnel, its delivered pitches by age, and what came within the horizon by metric."""

    funnel: dict[str, int]
    ages: Ages
    in_time: dict[str, int]

    @property
    def delivered(self) -> int:
        return self.funnel["sent"] - self.funnel["bounced"]


@dataclass(frozen=True, slots=True)
class Numbers:
    """`delays` by metric: who places does so later than others reply."""

    current: Side
    previous: Side | None
    delays: dict[str, np.ndarray]
    window: Window


FUNNEL = ("sent", "bounced", "replied", "positive", "placed", "declined", "pending")


def window(days: int | None, until: datetime) -> Window:
    """Return the last so many days, and as many before them; None: everything up to `until`."""
    if days is None:
        return Window(until, BEGINNING, BEGINNING, None)
    return Window(until, until - timedelta(days=days), until - timedelta(days=2 * days), days)


def read(context: Context, campaign_id: str, asked: Window) -> Numbers:
    """Count a campaign's pitches in the read model; three queries however many there are."""
    settled = asked.until - HORIZON
    bounds = {"campaign": campaign_id, "since": asked.since, "before": asked.before, "until": asked.until}
    found = context.rows(COUNTS, **bounds, settled=settled, horizon=HORIZON)
    counts = {row["current"]: row for row in found}
    ages = context.rows(AGES, **bounds, most_days=HORIZON_DAYS)
    came = context.rows(DELAYS, settled=settled, most=MOST, horizon=HORIZON)
    delays = {name: _delays([row for row in came if row["metric"] == name]) for name in METRICS}

    def side(*, current: bool) -> Side:
        own, counted = [row for row in ages if row["current"] is current], counts.get(current, {})
        columns = (np.array([float(row[name]) for row in own]) for name in ("days", "many", "answered"))
        in_time = {name: int(counted.get(f"{name}_in_time", 0)) for name in METRICS}
        return Side({name: int(counted.get(name, 0)) for name in FUNNEL}, Ages(*columns), in_time)

    return Numbers(side(current=True), None if asked.days is None else side(current=False), delays, asked)


def rates(side: Side) -> list[Json]:
    """Return each outcome's share of what was delivered."""
    return [
        {"metric": name, "rate": wilson(min(side.funnel[name], side.delivered), side.delivered)}
        for name in METRICS
    ]


def changes(numbers: Numbers) -> list[Json]:
    """Compare the two periods; what is only young is not called worse."""
    now, then = numbers.current, numbers.previous
    if then is None or not now.delivered or not then.delivered:
        return []
    return [_change(name, now, then, numbers.delays[name]) for name in METRICS]


def eventual(numbers: Numbers) -> Json:
    """Return the `Rate` answered by the horizon."""
    return expected_eventual(numbers.current.ages, numbers.delays["replied"])


def sentences(numbers: Numbers) -> list[str]:
    """Say what the numbers alone would hide."""
    funnel, said = numbers.current.funnel, numbers.window.words
    if not funnel["sent"]:
        return [f"nothing was sent {said}"]
    if not numbers.current.delivered:
        return [f"every pitch sent {said} bounced"]
    if not funnel["pending"]:
        return []
    far, end = wilson(funnel["replied"], numbers.current.delivered), eventual(numbers)
    coming = f"replies to what was sent {said} are still coming in: {percent(far['mean'])} so far"
    if not says_anything(end):
        return [f"{coming}, and it is too early to say how many there will be"]
    return [f"{coming}, {span(end)} to be expected within {HORIZON_DAYS} days of sending"]


def says_anything(rate: Json) -> bool:
    """Whether a rate leaves anything out; right after sending anything from none to all may come."""
    return bool(rate["lo"] > 0 or rate["hi"] < 1)


def _delays(rows: list[Json]) -> np.ndarray:
    return delay_counts(*(np.array([float(row[name]) for row in rows]) for name in ("days", "many")))


def _change(name: str, now: Side, then: Side, delays: np.ndarray) -> Json:
    """Compare as counted, and by what came within the horizon, of the time that pitches have had for it.

    Of periods alike one in twenty is told apart.
    """
    p_worse = p_greater(then.funnel[name], then.delivered, now.funnel[name], now.delivered)
    k1, k0 = now.in_time[name], then.in_time[name]
    grown = [max(float(k), answered_share(side.ages, delays)) for k, side in ((k1, now), (k0, then))]
    in_the_end = p_greater(k0, grown[1], k1, grown[0])
    verdict = "no_clear_change"
    if min(p_worse, in_the_end) >= SURE:
        verdict = "worse"
    elif max(p_worse, in_the_end) <= 1 - SURE:
        verdict = "better"
    return {"metric": name, "p_worse": p_worse, "p_worse_in_the_end": in_the_end, "verdict": verdict}
