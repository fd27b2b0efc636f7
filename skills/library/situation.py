"""Where a user stands: open campaigns and what in them waits, read in a few bounded queries."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from library.acts import acts
from library.expected import Rivals, rivals
from library.outcomes import MOST, latest, mature
from library.pitched import keys
from library.records import artist, campaign
from skill_runner.context import Context

MOST_CAMPAIGNS, MOST_SEARCHED = 200, 3
MOST_FITTING = 200
TIRED_SENDS, REMEMBERED = 3, timedelta(days=60)
TYPES_OF = {
    "radio": ["radio", "podcast"],
    "press": ["journalist", "blogger", "podcast"],
    "playlists": ["playlist", "curator"],
    "live": ["venue"],
}

CAMPAIGNS = """
SELECT k.id, k.name, k.artist_id, k.release_id, k.goal, k.genres, k.created_at,
       a.name AS artist, a.genres AS own, r.date AS out
FROM campaigns k LEFT JOIN artists a ON a.id = k.artist_id AND a.user_id = k.user_id
LEFT JOIN releases r ON r.id = k.release_id AND r.user_id = k.user_id
WHERE k.user_id = :user AND k.closed_at IS NULL
  AND (CAST(:campaign AS uuid) IS NULL OR k.id = CAST(:campaign AS uuid))
  AND (CAST(:artist AS uuid) IS NULL OR k.artist_id = CAST(:artist AS uuid))
ORDER BY coalesce((SELECT p.sent_at FROM pitches p
                   WHERE p.campaign_id = k.id AND p.user_id = k.user_id AND p.sent_at <= :now
                   ORDER BY p.sent_at DESC LIMIT 1), k.created_at) DESC NULLS LAST, k.id
LIMIT :most
"""
PITCHES = """
SELECT p.campaign_id, p.contact_id, p.sent_at, p.last_sent_at, p.sends, p.bounced_at, p.replied_at,
       p.positive_at, p.placed_at, p.declined_at, p.template, c.outlet, c.type
FROM pitches p JOIN contacts c ON c.id = p.contact_id AND c.user_id = p.user_id
WHERE p.user_id = :user AND p.campaign_id = ANY(:campaigns) AND NOT c.suppressed AND NOT c.erased
  AND (p.sent_at > :since OR p.positive_at > :since) AND coalesce(p.sent_at, p.positive_at) <= :now
ORDER BY coalesce(p.sent_at, p.positive_at) DESC, p.id LIMIT :most
"""
DRAFTS = """
SELECT o.campaign_id, o.contact_id, max(o.at) AS at
FROM outreach o JOIN contacts c ON c.id = o.contact_id AND c.user_id = o.user_id
WHERE o.user_id = :user AND o.campaign_id = ANY(:campaigns) AND o.kind IN ('drafted', 'approved')
  AND NOT o.corrected AND o.at > :since AND o.at <= :now AND NOT c.suppressed AND NOT c.erased
  AND NOT EXISTS (SELECT 1 FROM pitches p WHERE p.user_id = :user AND p.campaign_id = o.campaign_id
                  AND p.contact_id = o.contact_id AND (p.sent_at IS NOT NULL OR p.declined_at IS NOT NULL))
GROUP BY 1, 2 ORDER BY 3, 2 LIMIT :most
"""
FITTING = """
SELECT c.id, c.outlet, c.type
FROM contacts c
WHERE c.user_id = :user AND c.genre_keys && CAST(:genres AS text[]) AND NOT c.suppressed AND NOT c.erased
  AND c.email IS NOT NULL AND (:any_type OR c.type IS NULL OR c.type = ANY(CAST(:types AS text[])))
  AND c.id <> ALL(CAST(:spared AS uuid[]))
  AND NOT EXISTS (SELECT 1 FROM pitches p WHERE p.user_id = :user AND p.contact_id = c.id
                  AND (p.bounced_at IS NOT NULL OR p.last_sent_at > :lately OR p.campaign_id = :campaign
                       OR p.campaign_id IN (SELECT k.id FROM campaigns k
                                            WHERE k.user_id = :user
                                            AND k.release_id = CAST(:release AS uuid))))
  AND NOT EXISTS (SELECT 1 FROM outreach o WHERE o.user_id = :user AND o.campaign_id = :campaign
                  AND o.contact_id = c.id)
ORDER BY c.id LIMIT :most
"""
OPPORTUNITIES = """
SELECT o.id, o.title, o.kind, o.deadline, o.genres, o.genre_keys, o.rules
FROM opportunities o
WHERE o.user_id = :user AND o.deadline >= CAST(:today AS date) AND o.deadline <= CAST(:today AS date) + 14
  AND (o.opens IS NULL OR o.opens <= CAST(:today AS date))
ORDER BY o.deadline, o.id LIMIT 200
"""
RELEASES = """
SELECT r.id, r.title, r.type, r.date, r.artist_id, a.name AS artist,
       EXISTS (SELECT 1 FROM campaigns k WHERE k.user_id = :user AND k.release_id = r.id) AS planned
FROM releases r JOIN artists a ON a.id = r.artist_id AND a.user_id = r.user_id
WHERE r.user_id = :user AND r.date > CAST(:today AS date) AND r.date <= CAST(:today AS date) + 60
  AND (CAST(:artist AS uuid) IS NULL OR r.artist_id = CAST(:artist AS uuid))
ORDER BY r.date, r.id LIMIT 20
"""
RELEASED = """
SELECT r.title, r.type, r.date, r.artist_id
FROM releases r JOIN artists a ON a.id = r.artist_id AND a.user_id = r.user_id AND a.mine
WHERE r.user_id = :user AND (CAST(:artist AS uuid) IS NULL OR r.artist_id = CAST(:artist AS uuid))
ORDER BY r.date < CAST(:today AS date), abs(r.date - CAST(:today AS date)), r.id LIMIT 200
"""
TYPES = "SELECT c.id, c.type FROM contacts c WHERE c.user_id = :user AND c.id = ANY(CAST(:ids AS uuid[]))"
ARTISTS = """
SELECT a.id, a.name, a.genres, a.location,
       (SELECT count(*) FROM artist_facts f
        WHERE f.user_id = :user AND f.artist_id = a.id
          AND (f.valid_to IS NULL OR f.valid_to >= CAST(:today AS date))) AS facts
FROM artists a
WHERE a.user_id = :user AND a.mine AND (CAST(:artist AS uuid) IS NULL OR a.id = CAST(:artist AS uuid))
ORDER BY a.id LIMIT 200
"""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Situation:
    """`history` is all of the user's latest pitches; the rest lies within what was asked about.

    By it, `tired` are written to again and again, and `rivals` are templates of which one may be better;
    `types` are those of contacts who got either. `acts` says by campaign what a text is to be about;
    `releases` are near, `released` is all there is to apply with, the next ones first. `fitting` has one
    contact more than is worked with, where there are more.
    """

    now: datetime
    history: list[Row] = field(default_factory=list)
    tired: frozenset[str] = frozenset()
    rivals: Rivals | None = None
    types: dict[str, str | None] = field(default_factory=dict)
    campaigns: list[Row] = field(default_factory=list)
    more_campaigns: bool = False
    pitches: list[Row] = field(default_factory=list)
    drafts: list[Row] = field(default_factory=list)
    fitting: dict[str, list[Row]] = field(default_factory=dict)
    opportunities: list[Row] = field(default_factory=list)
    releases: list[Row] = field(default_factory=list)
    released: list[Row] = field(default_factory=list)
    artists: list[Row] = field(default_factory=list)
    acts: dict[str, Row] = field(default_factory=dict)

    @property
    def mature(self) -> list[Row]:
        return mature(self.history, self.now)

    def campaign(self, campaign_id: str) -> Row:
        return next(one for one in self.campaigns if one["id"] == campaign_id)

    def days_since(self, moment: datetime) -> float:
        return (self.now - moment).total_seconds() / 86_400


def situation(context: Context, campaign_id: str | None, artist_id: str | None) -> Situation:
    """Read it for a campaign, an artist or all of a user's; raises SkillError for an unknown id."""
    now, today = context.now(), context.now().date()
    artist_id = _artist(context, campaign_id, artist_id)
    most = MOST_CAMPAIGNS + 1
    found = context.rows(CAMPAIGNS, campaign=campaign_id, artist=artist_id, now=now, most=most)
    campaigns = found[:MOST_CAMPAIGNS]
    artists = context.rows(ARTISTS, today=today, artist=artist_id)
    history = latest(context, until=now)
    resting, compared = tired(history, now), rivals(history, now)
    lately = {"now": now, "since": now - REMEMBERED, "most": MOST}
    of = {"campaigns": [one["id"] for one in campaigns], **lately}
    return Situation(
        now=now,
        history=history,
        tired=resting,
        rivals=compared,
        types=_types(context, history, compared),
        campaigns=campaigns,
        more_campaigns=len(found) > len(campaigns),
        pitches=context.rows(PITCHES, **of),
        drafts=context.rows(DRAFTS, **of),
        fitting={one["id"]: _fitting(context, one, sorted(resting)) for one in campaigns[:MOST_SEARCHED]},
        opportunities=context.rows(OPPORTUNITIES, today=today),
        releases=context.rows(RELEASES, today=today, artist=artist_id),
        released=context.rows(RELEASED, today=today, artist=artist_id),
        artists=artists,
        acts=acts(context, campaigns, artists, today),
    )


def waits(row: Row) -> bool:
    """Whether somebody is interested and has not heard from the user since."""
    at = row["positive_at"]
    closed = row["placed_at"] or row["declined_at"]
    return bool(at and not closed and (row["last_sent_at"] is None or row["last_sent_at"] < at))


def tired(history: Iterable[Row], now: datetime) -> frozenset[str]:
    """Return who was written to again and again of late, and never answered."""
    sends, answering = Counter[str](), set[str]()
    for row in history:
        if row["replied_at"]:
            answering.add(row["contact_id"])
        if not row["bounced_at"] and now - row["sent_at"] < REMEMBERED:
            sends[row["contact_id"]] += row["sends"]
    return frozenset(one for one, many in sends.items() if many >= TIRED_SENDS) - answering


def _types(context: Context, history: list[Row], found: Rivals | None) -> dict[str, str | None]:
    if found is None:
        return {}
    ids = sorted({row["contact_id"] for row in history if row["template"] in (found.best, found.usual)})
    return {row["id"]: row["type"] for row in context.rows(TYPES, ids=ids)}


def _fitting(context: Context, campaign: Row, spared: list[str]) -> list[Row]:
    """Return whom to pitch: nobody who knows of the release, or is to be spared."""
    genres = sorted(keys(campaign["genres"] or campaign["own"] or ()))
    if not genres:
        return []
    types, lately = TYPES_OF.get(campaign["goal"] or "all", []), context.now() - timedelta(days=14)
    asked = {"campaign": campaign["id"], "release": campaign["release_id"], "genres": genres}
    asked |= {"types": types, "any_type": not types, "spared": spared}
    return context.rows(FITTING, **asked, lately=lately, most=MOST_FITTING + 1)


def _artist(context: Context, campaign_id: str | None, artist_id: str | None) -> str | None:
    """Return the artist that is spoken of, None for all."""
    if campaign_id:
        act = campaign(context, campaign_id)
        return artist_id or act["artist_id"]
    if artist_id:
        artist(context, artist_id)
    return artist_id
