"""What has happened to the records of campaigns: contacts, artists, releases, outreach, what others wrote.

Stored format, as `shared.events`: add, never edit. Personal values are sealed (`shared.sealing`).
"""

from datetime import date as Day  # noqa: N812 - events have fields called date
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from shared.message import Stored

OutreachKind = Literal[
    "drafted", "approved", "sent", "bounced", "opened", "replied", "positive", "declined", "placed"
]
ReplyCategory = Literal["interested", "placed", "declined", "auto", "other"]


class ContactImported(Stored):
    """A contact as imported, whole: a later import with other values is another event.

    `name`, `email`, `phone` and `notes` are sealed.
    """

    type: Literal["ContactImported"] = "ContactImported"
    name: Any = None
    email: Any = None
    phone: Any = None
    notes: Any = None
    outlet: str | None = None
    role: str | None = None
    kind: str | None = None
    genres: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    source: str | None = None
    source_url: str | None = None
    suppressed: bool = False
    subscriber_type: Literal["corporate", "individual"] | None = None
    timezone: str | None = None
    fingerprint: str


class ContactSuppressed(Stored):
    """The person objected: no skill proposes or writes to them again, whatever is imported later."""

    type: Literal["ContactSuppressed"] = "ContactSuppressed"


class ContactErased(Stored):
    """The person's key is deleted: no name or address of theirs can be read any more, nor imported again."""

    type: Literal["ContactErased"] = "ContactErased"


class NameGiven(Stored):
    """The name that this id comes from was given to another artist, release or campaign, by renaming it."""

    type: Literal["NameGiven"] = "NameGiven"
    to: UUID


class ArtistSet(Stored):
    """An artist's profile, whole. `mine`: one's own, else one to compare with; `in_cohort`: opted in."""

    type: Literal["ArtistSet"] = "ArtistSet"
    name: str
    genres: tuple[str, ...] = ()
    location: str | None = None
    bio: str | None = None
    mbid: UUID | None = None
    mine: bool = True
    in_cohort: bool = False


class FactAdded(Stored):
    """One statement about an artist that texts may repeat, until `valid_to`."""

    type: Literal["FactAdded"] = "FactAdded"
    fact_id: UUID
    text: str
    source: str | None = None
    valid_to: Day | None = None


class FactRemoved(Stored):
    """The statement holds no longer."""

    type: Literal["FactRemoved"] = "FactRemoved"
    fact_id: UUID


class MetricDay(Stored):
    """`value` of one metric (streams, listeners, followers, saves, …) on one day."""

    metric: str
    day: Day
    value: float


class MetricsImported(Stored):
    """Days of metrics; a later value for the same metric and day counts."""

    type: Literal["MetricsImported"] = "MetricsImported"
    days: tuple[MetricDay, ...]
    source: str | None = None


class ReleasePlanned(Stored):
    """A release, whole, as planned or changed."""

    type: Literal["ReleasePlanned"] = "ReleasePlanned"
    artist_id: UUID
    title: str
    kind: Literal["single", "ep", "album"]
    date: Day
    links: tuple[str, ...] = ()
    isrc: str | None = None


class CampaignCreated(Stored):
    """A campaign, whole, as created or changed; an import of outreach creates one by its name alone."""

    type: Literal["CampaignCreated"] = "CampaignCreated"
    name: str
    artist_id: UUID | None = None
    release_id: UUID | None = None
    goal: Literal["radio", "press", "playlists", "live", "all"] | None = None
    genres: tuple[str, ...] = ()


class CampaignClosed(Stored):
    """No more is sent; answers may still be recorded."""

    type: Literal["CampaignClosed"] = "CampaignClosed"


class OutreachRecorded(Stored):
    """Something happened between the campaign and a contact at `at`, which may be long ago.

    `detail` (a reply's words, a note) is sealed for the contact; `category` says what a reply's words were
    taken for. `propensity` is the probability with which the sending slot had been chosen.
    """

    type: Literal["OutreachRecorded"] = "OutreachRecorded"
    outreach_id: UUID
    contact_id: UUID
    kind: OutreachKind
    at: datetime
    channel: str | None = None
    template: str | None = None
    detail: Any = None
    category: ReplyCategory | None = None
    attributes: dict[str, str] = Field(default_factory=dict)
    propensity: float | None = None


class OutreachCorrected(Stored):
    """What was recorded under this id did not happen."""

    type: Literal["OutreachCorrected"] = "OutreachCorrected"
    outreach_id: UUID
    contact_id: UUID


class OpportunityImported(Stored):
    """Somewhere to submit to, whole. `rules` are those of `Opportunity.rules` in skills/types.yaml."""

    type: Literal["OpportunityImported"] = "OpportunityImported"
    title: str
    kind: Literal["submission", "uploader", "festival", "funding", "playlist", "show", "blog", "podcast"]
    url: str | None = None
    opens: Day | None = None
    deadline: Day | None = None
    cost: float | None = None
    currency: str | None = None
    genres: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    rules: dict[str, Any] = Field(default_factory=dict)
    source: str | None = None


class CoverageImported(Stored):
    """An outlet played or wrote about an artist, anybody's."""

    type: Literal["CoverageImported"] = "CoverageImported"
    artist: str
    outlet: str
    kind: str | None = None
    date: Day | None = None
    url: str | None = None
    title: str | None = None
    genres: tuple[str, ...] = ()


ContactEvent = ContactImported | ContactSuppressed | ContactErased
ArtistEvent = ArtistSet | FactAdded | FactRemoved | MetricsImported | NameGiven
ReleaseEvent = ReleasePlanned | NameGiven
CampaignEvent = CampaignCreated | CampaignClosed | OutreachRecorded | OutreachCorrected | NameGiven
RecordEvent = (
    ContactEvent | ArtistEvent | ReleaseEvent | CampaignEvent | OpportunityImported | CoverageImported
)
