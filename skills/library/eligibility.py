"""Whether an opportunity is open to an artist with a release: rules only, and why not."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from library import music
from library.figures import counted
from library.money import currency

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who applies, from where (keys of all places that hold theirs), with what, on which day."""

    today: date
    genres: tuple[str, ...] = ()
    places: frozenset[str] = frozenset()
    release_date: date | None = None
    release_type: str | None = None
    budget: float | None = None
    currency: str | None = None


def places_of(location: str | None) -> frozenset[str]:
    """Return the keys of every place that holds a location such as Leeds, UK."""
    return frozenset(place for part in music.places_in(location) for place in music.reach(part))


def obstacles(opportunity: Json, by: Applicant) -> list[str]:
    """Return what stands in the way; what a rule needs and is not known stands in the way too."""
    rules = opportunity.get("rules") or {}
    return [*_dates(opportunity, by), *_costs(opportunity, by), *_places(rules, by), *_release(rules, by)] + (
        ["none of its genres is near"] if rules.get("genres_only") and not genre_fit(opportunity, by) else []
    )


def genre_fit(opportunity: Json, by: Applicant) -> float:
    """Return 0 to 1; half of it where either side names no genre."""
    has = opportunity.get("genres") or []
    return music.closeness(by.genres, has) if by.genres and has else 0.5


def _dates(opportunity: Json, by: Applicant) -> Iterator[str]:
    if opportunity.get("deadline") and opportunity["deadline"] < by.today:
        yield "the deadline is over"
    if opportunity.get("opens") and opportunity["opens"] > by.today:
        yield "it is not open yet"


def _costs(opportunity: Json, by: Applicant) -> Iterator[str]:
    cost, counted = opportunity.get("cost") or 0, currency(opportunity.get("currency"))
    if by.budget and cost and counted and by.currency and counted != by.currency:
        yield "its cost is in another currency than the budget"
    elif by.budget is not None and cost > by.budget:
        yield "it costs more than the budget"


def _places(rules: Json, by: Applicant) -> Iterator[str]:
    territory = rules.get("territory") or []
    named = [territory] if isinstance(territory, str) else territory
    if any(music.is_everywhere(str(one)) for one in named):
        return
    open_to = {place for one in named for place in music.inside_of(str(one))}
    if open_to and not open_to & by.places:
        yield "it is open to other places" if by.places else "the artist's place is not known"


def _release(rules: Json, by: Applicant) -> Iterator[str]:
    least, types = rules.get("min_lead_days"), rules.get("release_types") or []
    dated = rules.get("unreleased") or rules.get("released") or least is not None
    if dated and by.release_date is None:
        yield "the release's date is not known"
        return
    days = (by.release_date - by.today).days if by.release_date else 0
    if rules.get("unreleased") and days <= 0:
        yield "it takes unreleased music alone"
    if rules.get("released") and days > 0:
        yield "it takes released music alone"
    if least is not None and days < int(least):
        yield f"it needs {counted(int(least), 'day')} before the release"
    if types and by.release_type not in types:
        yield "it takes other types of release" if by.release_type else "the release's type is not known"
