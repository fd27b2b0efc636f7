"""Campaigns as rows, and what happened between them and their contacts."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from projector.changes import Alter, Change, Ensure, Refold, Row
from projector.row_ids import pitch_id
from shared.log import Recorded
from shared.record_events import (
    CampaignClosed,
    CampaignCreated,
    NameGiven,
    OutreachCorrected,
    OutreachRecorded,
)
from shared.subjects import Aggregate


def campaign_changes(aggregate: Aggregate, recorded: Recorded) -> Iterator[Change]:
    """Tell what changes in `campaigns` and `outreach`, then whose pitches are to be folded again."""
    campaign = Row("campaigns", aggregate.uuid, aggregate.user)
    at = recorded.commit.at
    touched: set[UUID] = set()
    for event in recorded.commit.events:
        match event:
            case CampaignCreated():
                values = {
                    "name": event.name,
                    "artist_id": event.artist_id,
                    "release_id": event.release_id,
                    "goal": event.goal,
                    "genres": list(event.genres),
                }
                yield Ensure(campaign, {**values, "user_id": aggregate.user, "created_at": at})
                yield Alter(campaign, values)
            case CampaignClosed():
                yield Alter(campaign, {"closed_at": at})
            case OutreachRecorded():
                yield from _put(aggregate, event.outreach_id, _recorded(aggregate, event))
                touched.add(event.contact_id)
            case OutreachCorrected():
                yield from _put(aggregate, event.outreach_id, {"corrected": True}, _unknown(aggregate, event))
                touched.add(event.contact_id)
            case NameGiven():
                pass
            case _:
                raise ValueError(f"{event.type} is no event of a campaign")
    for contact_id in sorted(touched):
        pitch = Row("pitches", pitch_id(aggregate.uuid, contact_id), aggregate.user)
        yield Refold(pitch, aggregate.uuid, contact_id)


def _put(
    aggregate: Aggregate, id_: UUID, values: dict[str, Any], otherwise: dict[str, Any] | None = None
) -> Iterator[Change]:
    """Set values of a row; `otherwise` is what else a new one needs. What is corrected stays so."""
    row = Row("outreach", id_, aggregate.user)
    yield Ensure(row, {"user_id": aggregate.user, **(otherwise or {}), **values})
    yield Alter(row, values)


def _recorded(aggregate: Aggregate, event: OutreachRecorded) -> dict[str, Any]:
    return {
        "campaign_id": aggregate.uuid,
        "contact_id": event.contact_id,
        "kind": event.kind,
        "at": event.at,
        "channel": event.channel,
        "template": event.template,
        "detail": event.detail,
        "category": event.category,
        "attributes": event.attributes,
        "propensity": event.propensity,
    }


def _unknown(aggregate: Aggregate, event: OutreachCorrected) -> dict[str, Any]:
    """Return the columns of a row that is corrected before it was recorded."""
    return {"campaign_id": aggregate.uuid, "contact_id": event.contact_id, "kind": "corrected"}
