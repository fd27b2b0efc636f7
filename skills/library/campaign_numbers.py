"""A campaign in numbers: what was sent and what came of it, this period beside the one before.

Opens are not counted: mail programs load pictures by themselves, so an open says nothing of a person.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from library.eventual import Ages, answered_share, delay_counts, expected_eventual
from library.outcomes import HORIZON, HORIZON_DAYS, MOST
from library.rates import p_greater, wilson
from skill_runner.context import Context

METRICS = ("replied", "positive", "placed")
SURE = 0.95
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
                        AND sent_at > :settled) AS pending
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
SELECT round(extract(epoch FROM replied_at - sent_at) / 3600) / 24 AS days, count(*) AS many
FROM (SELECT sent_at, replied_at, bounced_at FROM pitches WHERE user_id = :user AND sent_at <= :settled
      ORDER BY sent_at DESC, id LIMIT :most) p
WHERE bounced_at IS NULL AND replied_at - sent_at <= :horizon
GROUP BY 1 ORDER BY 1
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
    """One period: its funnel, and its delivered pitches by age."""

    funnel: dict[str, int]
    ages: Ages

    @property
    def delivered(self) -> int:
        return self.funnel["sent"] - self.funnel["bounced"]


@dataclass(frozen=True, slots=True)
class Numbers:
    current: Side
    previous: Side | None
    delays: np.ndarray
    window: Window


FUNNEL = ("sent", "bounced", "replied", "positive", "placed", "declined", "pending")


def window(days: int | None, until: datetime) -> Window:
    """Return the last so many days, and as many before them; None: everything up to `until`."""
    if days is None:
        return Window(until, BEGINNING, BEGINNING, None)
    return Window(until, until - timedelta(days=days), until - timedelta(days=2 * days), days)


def read(context: Context, campaign_id: str, asked: Window) -> Numbers:
    """Count a campaign's pitches in the read model; two queries however many there are."""
    settled = asked.until - HORIZON
    bounds = {"campaign": campaign_id, "since": asked.since, "before": asked.before, "until": asked.until}
    counts = {row["current"]: row for row in context.rows(COUNTS, **bounds, settled=settled)}
    ages = context.rows(AGES, **bounds, most_days=HORIZON_DAYS)
    found = context.rows(DELAYS, settled=settled, most=MOST, horizon=HORIZON)
    delays = delay_counts(*(np.array([float(row[name]) for row in found]) for name in ("days", "many")))

    def side(*, current: bool) -> Side:
        own = [row for row in ages if row["current"] is current]
        columns = (np.array([float(row[name]) for row in own]) for name in ("days", "many", "answered"))
        return Side({name: int(counts.get(current, {}).get(name, 0)) for name in FUNNEL}, Ages(*columns))

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
    return [_change(name, now, then, numbers.delays) for name in METRICS]


def eventual(numbers: Numbers) -> Json:
    """Return the `Rate` answered by the horizon."""
    return expected_eventual(numbers.current.ages, numbers.delays)


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


def percent(share: float) -> str:
    """Write a share in percent to one place, a half rounded up: 3 of 48 are 6.3 %."""
    return f"{tenths(share)} %"


def span(rate: Json) -> str:
    """Write a rate as 6.3 % (2.1-16.8), with a dash for a span."""
    return f"{percent(rate['mean'])} ({tenths(rate['lo'])}–{tenths(rate['hi'])})"


def tenths(share: float) -> str:
    return f"{np.floor(1000 * share + 0.5) / 10:.1f}"


def _change(name: str, now: Side, then: Side, delays: np.ndarray) -> Json:
    k1, k0 = now.funnel[name], then.funnel[name]
    p_worse = p_greater(k0, then.delivered, k1, now.delivered)
    grown = [max(float(k), answered_share(side.ages, delays)) for k, side in ((k1, now), (k0, then))]
    in_the_end = p_greater(k0, grown[1], k1, grown[0])
    verdict = "no_clear_change"
    if min(p_worse, in_the_end) >= SURE:
        verdict = "worse"
    elif max(p_worse, in_the_end) <= 1 - SURE:
        verdict = "better"
    return {"metric": name, "p_worse": p_worse, "p_worse_in_the_end": in_the_end, "verdict": verdict}
