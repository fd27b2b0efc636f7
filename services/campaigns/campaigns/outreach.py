"""The handlers of `outreach.record` and `outreach.correct`: one event at a time."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from campaigns import values
from campaigns.campaign import Campaign, Correct, Record, is_news
from campaigns.contacts import Contact
from campaigns.finding import contact_of, find
from campaigns.history import Histories
from campaigns.outreach_events import event_of, is_objection, sealed
from campaigns.outreach_rows import Row
from campaigns.requests import CorrectOutreach, OutreachDone, RecordDone, RecordOutreach
from campaigns.suppressing import suppress
from shared.refusal import Refusal
from shared.vault import Vault


@dataclass(frozen=True, slots=True)
class Outreach:
    """The campaign must be there: a name that was mistyped begins none."""

    vault: Vault
    campaigns: Histories[Campaign, Any]
    contacts: Histories[Contact, Any]

    async def record(self, user: UUID, request: RecordOutreach, cause: str) -> RecordDone:
        _check_time(request.at)
        campaign_id, known = await find(self.campaigns, user, user, request.campaign)
        contact_id = await contact_of(self.contacts, self.vault, user, request)
        event = event_of(campaign_id, contact_id, _row(request))
        events = tuple(await sealed(self.vault, user, [event]))
        if is_objection(event) and is_news(event, known.state):
            await suppress(self.contacts, user, [contact_id], cause)
        done = await self.campaigns.record(user, campaign_id, Record(events, by_hand=True), cause, known)
        return RecordDone(
            outreach_id=event.outreach_id,
            campaign_id=campaign_id,
            contact_id=contact_id,
            seq=done.seq,
            unchanged=not done.happened,
            objected=is_objection(event),
        )

    async def correct(self, user: UUID, request: CorrectOutreach, cause: str) -> OutreachDone:
        campaign_id, known = await find(self.campaigns, user, user, request.campaign)
        done = await self.campaigns.record(user, campaign_id, Correct(request.outreach_id), cause, known)
        if request.outreach_id not in known.state.outreach:
            known = await self.campaigns.load(user, campaign_id)
        return OutreachDone(
            outreach_id=request.outreach_id,
            campaign_id=campaign_id,
            contact_id=known.state.outreach[request.outreach_id],
            seq=done.seq,
            unchanged=not done.happened,
        )


def _check_time(at: datetime) -> None:
    try:
        values.past(at, datetime.now(UTC))
    except ValueError as error:
        raise Refusal("invalid", "at", f"at: {error}") from None


def _row(request: RecordOutreach) -> Row:
    return Row(
        contact_id=request.contact_id,
        email=request.email,
        campaign=request.campaign,
        kind=request.event,
        at=request.at,
        channel=request.channel,
        template=request.template,
        detail=request.detail,
        category=request.category,
        attributes=tuple(request.attributes.items()),
        propensity=request.propensity,
    )
