"""What an answer is worth waiting for: rates and delays of a user's own pitches, the usual ones at first."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from library.actions import Gain
from library.exact import Table, mantel_haenszel
from library.outcomes import HORIZON_DAYS, answered, mature, watched
from library.rates import USUAL, p_greater, posterior
from library.survival import Curve, kaplan_meier

FEWEST_ANSWERS = 10
USUAL_MEDIAN_DAYS = 3.0
FEWEST_OF_TEMPLATE = 50
SURE = 0.95

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Better:
    """A template that does better than the one used most, by `more` answers a pitch."""

    name: str
    than: str
    more: Gain
    n: int


def reply_rate(history: list[Row], now: datetime) -> Gain:
    """Return the rate of mature pitches, drawn to 5 % as if by 20 pitches: mean and lower bound."""
    old = mature(history, now)
    rate = posterior(sum(map(answered, old)), len(old), *USUAL)
    return Gain(rate["mean"], rate["lo"])


def still_to_come(history: list[Row], now: datetime) -> "Delays":
    """Learn from pitches how likely a silent one is answered yet."""
    seen = watched(history, now)
    curve = kaplan_meier(seen.days, seen.answered) if sum(seen.answered) >= FEWEST_ANSWERS else None
    return Delays(curve, reply_rate(history, now))


@dataclass(frozen=True, slots=True)
class Delays:
    """How soon answers come: a Kaplan-Meier curve, or as usual while fewer than ten are known."""

    curve: Curve | None
    rate: Gain

    def chance(self, days: float) -> Gain:
        """Return how likely a pitch that has been silent for so long is answered within the horizon."""
        if self.curve is None:
            return self.rate.times(0.5 ** (days / USUAL_MEDIAN_DAYS))
        waiting, end = self.curve.waiting_at(days), self.curve.waiting_at(HORIZON_DAYS)
        mean = max(1 - end / waiting, 0.0) if waiting > 0 else 0.0
        return Gain(mean, mean * self.rate.low / self.rate.mean)


@dataclass(frozen=True, slots=True)
class Rivals:
    """The template answered most and the one used most; `counts` are answers and pitches of every template.

    `chance` is how likely any of the others may look better by luck alone.
    """

    best: str
    usual: str
    counts: dict[str, list[int]]
    chance: float


def rivals(history: list[Row], now: datetime) -> Rivals | None:
    """Return two templates of which one is surely answered more than the one used most, if there are such."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in mature(history, now):
        if row["template"]:
            counts[row["template"]][0] += answered(row)
            counts[row["template"]][1] += 1
    many = {name: one for name, one in counts.items() if one[1] >= FEWEST_OF_TEMPLATE}
    used = [row["template"] for row in history[:FEWEST_OF_TEMPLATE] if row["template"] in many]
    if not used:
        return None
    usual = max(sorted(set(used)), key=used.count)
    best = max(sorted(many), key=lambda name: many[name][0] / many[name][1])
    chance = (1 - SURE) / max(len(many) - 1, 1)
    if best == usual or p_greater(*many[best], *many[usual]) < 1 - chance:
        return None
    return Rivals(best, usual, many, chance)


def better_template(
    found: Rivals, history: list[Row], now: datetime, types: Mapping[str, str | None]
) -> Better | None:
    """Return the one answered most, where it is better with contacts of the same type too."""
    alike = mantel_haenszel(_by_type(history, now, found, types))
    if alike.ratio <= 1 or alike.p / 2 > found.chance:
        return None
    best, usual = found.counts[found.best], found.counts[found.usual]
    rate = usual[0] / usual[1]
    more = best[0] / best[1] - rate
    more = min(rate * (alike.ratio - 1), more) if rate else more
    low = posterior(*best, *USUAL)["lo"] - rate
    return Better(found.best, found.usual, Gain(more, min(max(low, 0.0), more)), best[1] + usual[1])


def _by_type(
    history: list[Row], now: datetime, found: Rivals, types: Mapping[str, str | None]
) -> list[Table]:
    """Set two templates beside each other among contacts of one type: neither gains by whom it met."""
    counts: dict[str | None, list[int]] = defaultdict(lambda: [0] * 4)
    for row in mature(history, now):
        if row["template"] in (found.best, found.usual):
            of, side = counts[types.get(row["contact_id"])], 0 if row["template"] == found.best else 2
            of[side] += answered(row)
            of[side + 1] += 1
    return [Table(*of) for of in counts.values()]
