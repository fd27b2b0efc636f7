"""Tells how a campaign does: counts, rates with intervals, the change since before, what is due."""

from datetime import datetime
from typing import Any

from library import campaign_numbers as numbers_of
from library.followups import due
from library.meta import own_data
from library.records import campaign
from skill_runner.context import Context, SkillError

DAYS = {"7d": 7, "28d": 28, "all": None}

Json = dict[str, Any]


def run(given: Json, context: Context) -> Json:
    """Return the funnel of one campaign's period and what it means."""
    chosen = campaign(context, given["campaign_id"])
    until = moment(given.get("as_of"), context.now())
    numbers = numbers_of.read(context, chosen["id"], numbers_of.window(DAYS[given["window"]], until))
    followups, total = due(context, chosen["id"], until)
    delivered = numbers.current.delivered
    missing = max(numbers_of.FEWEST - delivered, 0)
    return {
        "funnel": numbers.current.funnel,
        "rates": numbers_of.rates(numbers.current),
        "previous": numbers_of.rates(numbers.previous) if numbers.previous else [],
        "change": numbers_of.changes(numbers),
        "expected_eventual": numbers_of.eventual(numbers),
        "followups_due": followups,
        "followups_total": total,
        "meta": own_data(
            context, delivered, missing=missing, warnings=numbers_of.sentences(numbers), as_of=until
        ),
    }


def moment(asked: str | None, now: datetime) -> datetime:
    """Return the time asked for, by default now; raises SkillError for one to come or long ago."""
    at = datetime.fromisoformat(asked) if asked else now
    if at.tzinfo is None:
        raise SkillError("as_of: the offset is missing, such as +00:00")
    if at > now:
        raise SkillError("as_of: this lies in the future")
    if at < numbers_of.BEGINNING:
        raise SkillError("as_of: this lies before 1970")
    return at
