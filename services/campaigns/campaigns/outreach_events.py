"""From a row of outreach to the event that is stored, its words sealed for the contact."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from campaigns.campaign import outreach_id
from campaigns.opt_out import asks_to_stop
from campaigns.outreach_rows import Row
from campaigns.replies import category_of, own
from shared.record_events import OutreachRecorded, ReplyCategory
from shared.sealing import seal
from shared.vault import Vault

UNRELIABLE = {"unreliable": "yes"}
_WORDS = {"anyOf": [{"type": "string", "x-personal": True}, {"type": "null"}]}
SCHEMA: dict[str, Any] = {"type": "array", "items": {"properties": {"detail": _WORDS}}}


def event_of(campaign_id: UUID, contact_id: UUID, row: Row) -> OutreachRecorded:
    """Return the event, its words still plain: it must not be stored before `sealed`."""
    return OutreachRecorded(
        outreach_id=outreach_id(campaign_id, contact_id, row.kind, row.at),
        contact_id=contact_id,
        kind=row.kind,
        at=row.at,
        channel=row.channel,
        template=row.template,
        detail=row.detail,
        category=_category(row),
        attributes=dict(row.attributes) | (UNRELIABLE if row.kind == "opened" else {}),
        propensity=row.propensity,
    )


async def sealed(vault: Vault, user: UUID, events: Sequence[OutreachRecorded]) -> list[OutreachRecorded]:
    """Seal the words of all at once; an erased person's become a seal that holds nothing."""
    plain = [{"contact_id": str(event.contact_id), "detail": event.detail} for event in events]
    closed = await seal(vault, user, SCHEMA, plain)
    return [replace(event, detail=words["detail"]) for event, words in zip(events, closed, strict=True)]


def is_objection(event: OutreachRecorded) -> bool:
    """Tell whether the contact asks not to be written to again."""
    return event.category == "objected"


def _category(row: Row) -> ReplyCategory | None:
    if row.category is not None or not row.detail:
        return row.category
    match row.kind:
        case "replied":
            return category_of(row.detail)
        case "declined" if asks_to_stop(own(row.detail)):
            return "objected"
        case _:
            return None
