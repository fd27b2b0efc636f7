"""The life of a campaign, as two pure functions: created, things that happened to its contacts, closed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never
from uuid import UUID, uuid5

from campaigns.naming import give, unknown, unless_given
from shared.log import Past
from shared.record_events import (
    CampaignClosed,
    CampaignCreated,
    CampaignEvent,
    NameGiven,
    OutreachCorrected,
    OutreachKind,
    OutreachRecorded,
)
from shared.refusal import Refusal

SENDING = frozenset({"drafted", "approved", "sent"})


@dataclass(frozen=True, slots=True)
class Campaign:
    """`outreach` has the contact of everything that was recorded, also of what was taken back later."""

    profile: CampaignCreated | None = None
    given: UUID | None = None
    closed_at: datetime | None = None
    outreach: Mapping[UUID, UUID] = field(default_factory=dict)
    corrected: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Record:
    """These things happened, in any order. A campaign that is not there yet begins by its name.

    What was taken back is passed over, since a file may come again; told `by_hand` it is refused.
    """

    events: tuple[OutreachRecorded, ...]
    name: str | None = None
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Correct:
    """This did not happen."""

    outreach_id: UUID


Command = CampaignCreated | CampaignClosed | NameGiven | Record | Correct


def outreach_id(campaign_id: UUID, contact_id: UUID, kind: OutreachKind, at: datetime) -> UUID:
    """The same contact, kind and time in one campaign is one thing that happened; `at` is in UTC."""
    return uuid5(campaign_id, f"{contact_id}|{kind}|{at.isoformat()}")


def decide(command: Command, campaign: Campaign) -> list[CampaignEvent]:
    """Answer with what happens; what is so already, or was taken back, changes nothing."""
    match command:
        case NameGiven():
            return [*give(command, "name", taken=campaign.profile is not None, given=campaign.given)]
        case CampaignCreated():
            unless_given(campaign.given, "name")
            if command == campaign.profile:
                return []
            if campaign.closed_at is not None:
                raise Refusal("closed", "name", "name: the campaign of this name is closed: choose another")
            return [command]
        case CampaignClosed():
            _known(campaign)
            return [command] if campaign.closed_at is None else []
        case Record():
            return _record(command, campaign)
        case Correct(outreach_id=outreach_id):
            _known(campaign)
            if outreach_id not in campaign.outreach:
                raise Refusal(
                    "unknown_outreach", "outreach_id", "outreach_id: the campaign has no such event"
                )
            if outreach_id in campaign.corrected:
                return []
            return [OutreachCorrected(outreach_id=outreach_id, contact_id=campaign.outreach[outreach_id])]
        case _:
            assert_never(command)


def _record(command: Record, campaign: Campaign) -> list[CampaignEvent]:
    unless_given(campaign.given, "campaign")
    begun: list[CampaignEvent] = []
    if campaign.profile is None:
        if command.name is None:
            _known(campaign)
        else:
            begun = [CampaignCreated(name=command.name)]
    if command.by_hand and campaign.corrected & {event.outreach_id for event in command.events}:
        raise Refusal("corrected", "event", "event: it was recorded before and taken back, which stays so")
    news = {event.outreach_id: event for event in command.events if is_news(event, campaign)}
    return [*begun, *news.values()] if news else []


def is_news(event: OutreachRecorded, campaign: Campaign) -> bool:
    """Tell what was not recorded before; nothing is sent in a campaign after its end."""
    if event.outreach_id in campaign.outreach:
        return False
    if campaign.closed_at is not None and event.kind in SENDING and event.at > campaign.closed_at:
        raise Refusal("closed", "at", "at: the campaign was closed before that: nothing more is sent in it")
    return True


def _known(campaign: Campaign) -> None:
    if campaign.profile is None:
        raise unknown("campaign")


def evolve(campaign: Campaign, past: Past) -> Campaign:
    """Take in what happened."""
    profile, given, closed_at = campaign.profile, campaign.given, campaign.closed_at
    outreach, corrected = dict(campaign.outreach), set(campaign.corrected)
    for recorded in past.recorded:
        for event in recorded.commit.events:
            match event:
                case CampaignCreated():
                    profile = event
                case CampaignClosed():
                    closed_at = recorded.commit.at
                case OutreachRecorded(outreach_id=id_, contact_id=contact_id):
                    outreach[id_] = contact_id
                case OutreachCorrected(outreach_id=id_):
                    corrected.add(id_)
                case NameGiven(to=to):
                    given = to
                case _:
                    pass
    return Campaign(profile, given, closed_at, outreach, frozenset(corrected))
