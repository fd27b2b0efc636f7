"""The rules for one row of opportunities, of coverage and of artists. A fault names field and rule."""

from datetime import datetime
from typing import Any, get_args

from campaigns import cells as limits
from campaigns import values
from campaigns.cells import Cells, Fault
from campaigns.columns import ARTISTS, COVERAGE, OPPORTUNITIES
from campaigns.keeping import Told
from campaigns.naming import as_id
from campaigns.whole_importing import Keyed
from shared.message import Happened
from shared.record_events import (
    ArtistSet,
    CoverageImported,
    OpportunityImported,
    OpportunityKind,
    ReleaseKind,
)

KINDS: tuple[str, ...] = get_args(OpportunityKind)
RELEASES: tuple[str, ...] = get_args(ReleaseKind)
ALSO = {
    "call": "submission", "submissions": "submission", "competition": "submission", "uploaders": "uploader",
    "festivals": "festival", "gig": "festival", "grant": "funding", "grants": "funding", "fund": "funding",
    "playlists": "playlist", "radio show": "show", "radio": "show", "shows": "show", "blogs": "blog",
    "podcasts": "podcast",
}  # fmt: skip
FLAGS = ("unreleased", "released", "genres_only")
COUNTS = ("min_lead_days", "quota_tracks", "quota_days")
MOST = 10_000
UNTOLD_KIND = "submission"
FREE = frozenset({"free", "nothing"})


def kind_of(text: str) -> str | None:
    """Return the kind of opportunity that is meant."""
    word = values.word(text)
    kind = ALSO.get(word, word)
    return kind if kind in KINDS else None


def of_calendar(entry: dict[str, Any]) -> Keyed | list[Fault]:
    """Check an entry of a calendar, which need not tell its kind."""
    found = opportunity({"kind": UNTOLD_KIND, **entry})
    return _keyed(found.identity, found.told.event, entry) if isinstance(found, Keyed) else found


def opportunity(given: dict[str, Any]) -> Keyed | list[Fault]:
    cells = Cells(given, OPPORTUNITIES.known)
    cells.need("title", "kind")
    title, url = cells.text("title"), cells.text("url", limits.ADDRESS)
    uid = cells.text("uid", limits.ADDRESS)
    opens, deadline = cells.read("opens", values.day), cells.read("deadline", values.day)
    cost = 0.0 if str(given.get("cost")).strip().casefold() in FREE else cells.number("cost", values.amount)
    if cost is not None and cost < 0:
        cells.fault("cost", "is less than nothing")
    event = {
        "title": title or "",
        "kind": cells.one_of("kind", kind_of, KINDS) or KINDS[0],
        "url": url,
        "opens": opens,
        "deadline": deadline,
        "cost": cost,
        "currency": cells.text("currency", limits.SHORT),
        "genres": cells.texts("genres"),
        "regions": cells.texts("regions"),
        "rules": _rules(cells),
        "source": cells.text("source", limits.ADDRESS),
    }
    return cells.faults or _keyed(uid or f"{title}|{url or ''}", OpportunityImported.of(event), given)


def _rules(cells: Cells) -> dict[str, Any]:
    """Return the rules that are given, by the names of `OpportunityRules` in skills/types.yaml."""
    types = [one.casefold() for one in cells.texts("release_types")]
    if not set(types) <= set(RELEASES):
        cells.fault("release_types", f"is none of {', '.join(RELEASES)}")
    rules: dict[str, Any] = {
        "territory": list(cells.texts("territory")),
        "release_types": types,
        **{name: cells.flag(name) for name in FLAGS},
        **{name: cells.count(name, MOST) for name in COUNTS},
    }
    return {name: value for name, value in rules.items() if value not in (None, [])}


def coverage(given: dict[str, Any], *, now: datetime) -> Keyed | list[Fault]:
    """Check one row; nothing may have been played or written after `now`."""
    cells = Cells(given, COVERAGE.known)
    cells.need("artist", "outlet")
    event = {
        "artist": cells.text("artist") or "",
        "outlet": cells.text("outlet") or "",
        "kind": cells.text("kind", limits.SHORT),
        "date": cells.read("date", lambda text: values.past_day(values.day(text), now)),
        "url": cells.text("url", limits.ADDRESS),
        "title": cells.text("title"),
        "genres": cells.texts("genres"),
    }
    which = (event[name] for name in ("artist", "outlet", "date", "title", "url"))
    identity = "|".join(str(one or "") for one in which)
    return cells.faults or _keyed(identity, CoverageImported.of(event), given)


def artist(given: dict[str, Any]) -> Keyed | list[Fault]:
    cells = Cells(given, ARTISTS.known)
    cells.need("name")
    name = cells.text("name") or ""
    if as_id(name) is not None:
        cells.fault("name", "must not read like a UUID")
    mine, in_cohort = cells.flag("mine"), cells.flag("in_cohort")
    event = {
        "name": name,
        "genres": cells.texts("genres"),
        "location": cells.text("location"),
        "bio": cells.text("bio", limits.TEXT),
        "mbid": cells.uuid("mbid"),
        "mine": mine is not False,
        "in_cohort": in_cohort is True,
    }
    return cells.faults or _keyed(name, ArtistSet.of(event), given)


def _keyed(identity: str, event: Happened, given: dict[str, Any]) -> Keyed:
    return Keyed(identity, Told(event, frozenset(given)))
