"""What has happened to the records of campaigns: contacts, artists, releases, outreach, what others wrote.

Stored format, as `shared.events`: add, never edit. Personal values are sealed (`shared.sealing`).
"""

from datetime import date as Day  # noqa: N812 - events have fields called date
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import field

from shared.message import Happened, Stored

OutreachKind = Literal[
    "drafted", "approved", "sent", "bounced", "opened", "replied", "positive", "declined", "placed"
]
ReplyCategory = Literal["interested", "placed", "declined", "objected", "auto", "other"]
SubscriberType = Literal["corporate", "individual"]
ReleaseKind = Literal["single", "ep", "album"]
Goal = Literal["radio", "press", "playlists", "live", "all"]
OpportunityKind = Literal[
    "submission", "uploader", "festival", "funding", "playlist", "show", "blog", "podcast"
]


class ContactImported(Happened, frozen=True, kw_only=True):
    """A contact as imported, whole: a later import with other values is another event.

    `name`, `email`, `phone`, `notes`, `source` and `source_url` are sealed; where from was plain at first.
    """

    name: Any = None
    email: Any = None
    phone: Any = None
    notes: Any = None
    outlet: str | None = None
    role: str | None = None
    kind: str | None = None
    genres: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    source: Any = None
    source_url: Any = None
    suppressed: bool = False
    subscriber_type: SubscriberType | None = None
    timezone: str | None = None
    fingerprint: str


class ContactSuppressed(Happened, frozen=True):
    """The person objected: no skill proposes or writes to them again, whatever is imported later."""


class ObjectionWithdrawn(Happened, frozen=True):
    """The person may be written to again: they said so, or the objection was noted by mistake."""


class ContactErased(Happened, frozen=True):
    """The person's key is deleted: no name or address of theirs can be read any more, nor imported again."""


class NameGiven(Happened, frozen=True, kw_only=True):
    """The name that this id comes from was given to another artist, release or campaign, by renaming it."""

    to: UUID


class ArtistSet(Happened, frozen=True, kw_only=True):
    """An artist's profile, whole. `mine`: one's own, else one to compare with; `in_cohort`: opted in."""

    name: str
    genres: tuple[str, ...] = ()
    location: str | None = None
    bio: str | None = None
    mbid: UUID | None = None
    mine: bool = True
    in_cohort: bool = False


class FactAdded(Happened, frozen=True, kw_only=True):
    """One statement about an artist that texts may repeat, until `valid_to`."""

    fact_id: UUID
    text: str
    source: str | None = None
    valid_to: Day | None = None


class FactRemoved(Happened, frozen=True, kw_only=True):
    """The statement holds no longer."""

    fact_id: UUID


class MetricDay(Stored, frozen=True, kw_only=True):
    """`value` of one metric (streams, listeners, followers, saves, …) on one day."""

    metric: str
    day: Day
    value: float


class MetricsImported(Happened, frozen=True, kw_only=True):
    """Days of metrics; a later value for the same metric and day counts."""

    days: tuple[MetricDay, ...]
    source: str | None = None


class ReleasePlanned(Happened, frozen=True, kw_only=True):
    """A release, whole, as planned or changed."""

    artist_id: UUID
    title: str
    kind: ReleaseKind
    date: Day
    links: tuple[str, ...] = ()
    isrc: str | None = None


class CampaignCreated(Happened, frozen=True, kw_only=True):
    """A campaign, whole, as created or changed; an import of outreach creates one by its name alone."""

    name: str
    artist_id: UUID | None = None
    release_id: UUID | None = None
    goal: Goal | None = None
    genres: tuple[str, ...] = ()


class CampaignClosed(Happened, frozen=True):
    """No more is sent; answers may still be recorded."""


class OutreachRecorded(Happened, frozen=True, kw_only=True):
    """Something happened between the campaign and a contact at `at`, which may be long ago.

    `detail` (a reply's words, a note) is sealed for the contact; `category` says what an answer's words were
    taken for. `propensity` is the probability with which the sending slot had been chosen.
    """

    outreach_id: UUID
    contact_id: UUID
    kind: OutreachKind
    at: datetime
    channel: str | None = None
    template: str | None = None
    detail: Any = None
    category: ReplyCategory | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    propensity: float | None = None


class OutreachCorrected(Happened, frozen=True, kw_only=True):
    """What was recorded under this id did not happen."""

    outreach_id: UUID
    contact_id: UUID


class OpportunityImported(Happened, frozen=True, kw_only=True):
    """Somewhere to submit to, whole. `rules` are those of `Opportunity.rules` in skills/types.yaml."""

    title: str
    kind: OpportunityKind
    url: str | None = None
    opens: Day | None = None
    deadline: Day | None = None
    cost: float | None = None
    currency: str | None = None
    genres: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    rules: dict[str, Any] = field(default_factory=dict)
    source: str | None = None


class CoverageImported(Happened, frozen=True, kw_only=True):
    """An outlet played or wrote about an artist, anybody's."""

    artist: str
    outlet: str
    kind: str | None = None
    date: Day | None = None
    url: str | None = None
    title: str | None = None
    genres: tuple[str, ...] = ()


ContactEvent = ContactImported | ContactSuppressed | ObjectionWithdrawn | ContactErased
ArtistEvent = ArtistSet | FactAdded | FactRemoved | MetricsImported | NameGiven
ReleaseEvent = ReleasePlanned | NameGiven
CampaignEvent = CampaignCreated | CampaignClosed | OutreachRecorded | OutreachCorrected | NameGiven
RecordEvent = (
    ContactEvent | ArtistEvent | ReleaseEvent | CampaignEvent | OpportunityImported | CoverageImported
)
