"""The bodies of the commands on records, and the answers. A name in a field may be an id as well."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from campaigns import cells as limits
from campaigns import values
from campaigns.naming import as_id
from shared.address import address
from shared.message import Message, Unreadable
from shared.record_events import Goal, ReleaseKind, ReplyCategory


def _day(value: Any) -> Any:
    return values.day(value) if isinstance(value, str) else _no_text()


def _moment(value: Any) -> Any:
    return values.moment(value) if isinstance(value, str) else _no_text()


def _no_text() -> Any:
    raise ValueError("must be text in the form of ISO 8601")


def _no_id(name: str) -> str:
    if as_id(name) is not None:
        raise ValueError("must not read like a UUID: nobody could tell the name from an id")
    return name


def _not_opened(kind: Any) -> Any:
    if kind == "opened":
        raise ValueError("opens are taken from an import only: they prove nothing")
    if kind == "no_response":
        raise ValueError("is derived when nobody has answered in time, never recorded")
    return kind


def _text(longest: int) -> Any:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


Line = Annotated[str, _text(limits.LINE)]
Name = Annotated[str, _text(limits.LINE), AfterValidator(_no_id)]
Words = Annotated[str, _text(limits.TEXT)]
Url = Annotated[str, _text(limits.ADDRESS)]
Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Genres = Annotated[
    tuple[Annotated[str, _text(limits.LONGEST_ENTRY)], ...],
    Field(max_length=limits.MOST_ENTRIES, fail_fast=True),
]
Recorded = Literal["drafted", "approved", "sent", "bounced", "replied", "positive", "declined", "placed"]
Happened = Annotated[Recorded, BeforeValidator(_not_opened)]
Attributes = Annotated[
    dict[Annotated[str, _text(limits.SHORT)], Annotated[str, StringConstraints(max_length=limits.LINE)]],
    Field(max_length=limits.MOST_ATTRIBUTES),
]


class SetArtist(Message):
    """An artist's profile, whole. With `artist_id` that artist is given the name."""

    artist_id: UUID | None = None
    name: Name
    genres: Genres = ()
    location: Line | None = None
    bio: Words | None = None
    mbid: UUID | None = None
    mine: bool = True
    in_cohort: bool = False


class AddFact(Message):
    """One statement that texts about the artist may repeat, until the end of `valid_to`."""

    artist: Line
    text: Annotated[str, _text(1000)]
    source: Url | None = None
    valid_to: Day | None = None


class RemoveFact(Message):
    """The statement holds no longer."""

    artist: Line
    fact_id: UUID


class PlanRelease(Message):
    """A release, whole, as planned or changed. With `release_id` that release is given the title."""

    release_id: UUID | None = None
    artist: Line
    title: Name
    type: ReleaseKind
    date: Day
    links: Annotated[tuple[Url, ...], Field(max_length=limits.MOST_ENTRIES, fail_fast=True)] = ()
    isrc: Annotated[str, _text(20)] | None = None


class CreateCampaign(Message):
    """A campaign, whole, as created or changed. With `campaign_id` that campaign is given the name.

    A release by its title needs the artist too.
    """

    campaign_id: UUID | None = None
    name: Name
    artist: Line | None = None
    release: Line | None = None
    goal: Goal | None = None
    genres: Genres = ()


class CloseCampaign(Message):
    """Nothing more is sent; answers may still be recorded."""

    campaign: Line


class OfContact(Message):
    """A contact by id or by e-mail address, which is read as an import reads it."""

    contact_id: UUID | None = None
    email: Annotated[str, Field(max_length=254), AfterValidator(address)] | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.contact_id is None) == (self.email is None):
            raise ValueError("give one of contact_id and email")
        return self


class RecordOutreach(OfContact):
    """Something happened between a campaign and a contact at `at` (ISO 8601 with its offset).

    `detail`, a reply's words or a note, is sealed for the contact; `category` is read from a reply's words
    where it is not given. Whose words ask not to be written to again is suppressed, as by
    `contacts.suppress`. `propensity` is the probability with which the sending slot had been chosen.
    """

    campaign: Line
    event: Happened
    at: Moment
    channel: Line | None = None
    template: Line | None = None
    detail: Words | None = None
    category: ReplyCategory | None = None
    attributes: Attributes = Field(default_factory=dict)
    propensity: Annotated[float, Field(ge=0, le=1)] | None = None

    @model_validator(mode="after")
    def _of_a_reply(self) -> Self:
        if self.category is not None and self.event != "replied":
            raise Unreadable("category", "only a reply has one")
        return self


class CorrectOutreach(Message):
    """What was recorded under this id did not happen."""

    campaign: Line
    outreach_id: UUID


class SuppressContact(OfContact):
    """The person objected: nothing is proposed or written to them again, whatever is imported later."""


class UnsuppressContact(OfContact):
    """The person may be written to again: they said so, or it was noted by mistake.

    What the file says that they were imported from is taken back by a file (`suppressed` no).
    """


class EraseContact(OfContact):
    """The person's key is deleted: nothing of theirs can be read again, nor imported."""


class ReadHistory(OfContact):
    """What has happened to the contact since `after_seq`, page by page."""

    after_seq: int = Field(default=0, ge=0)


class Done(Message):
    """`seq` is the log's sequence after which it is so; `unchanged`: it had been so before."""

    seq: int
    unchanged: bool


class ArtistDone(Done):
    artist_id: UUID


class FactDone(ArtistDone):
    fact_id: UUID


class ReleaseDone(Done):
    release_id: UUID


class CampaignDone(Done):
    campaign_id: UUID


class OutreachDone(CampaignDone):
    outreach_id: UUID
    contact_id: UUID


class RecordDone(OutreachDone):
    """`objected`: the answer asks not to be written to again, so its contact was suppressed with it."""

    objected: bool


class ContactDone(Done):
    """`known` False: they were no contact until now, so the address may be mistyped."""

    contact_id: UUID
    known: bool


class Erased(Message):
    """`erased` False: it had been done before; `known` as in `ContactDone`."""

    erased: bool
    contact_id: UUID
    known: bool
    seq: int


class ContactHistory(Message):
    """`events` as the log has them, each with `seq` and `at`, personal values sealed; `more` come after."""

    contact_id: UUID
    events: tuple[dict[str, Any], ...]
    more: bool
