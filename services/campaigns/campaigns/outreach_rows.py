"""The rules for one row of outreach. A fault names field and rule, never the value."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast, get_args
from uuid import UUID

from campaigns import cells as limits
from campaigns import values
from campaigns.cells import Cells, Fault
from campaigns.columns import OUTREACH
from campaigns.objecting import says_objected
from shared.address import address
from shared.record_events import OutreachKind, ReplyCategory

KINDS: tuple[OutreachKind, ...] = get_args(OutreachKind)
CATEGORIES: tuple[ReplyCategory, ...] = get_args(ReplyCategory)
ALSO = {
    "draft": "drafted", "send": "sent", "pitched": "sent", "emailed": "sent", "bounce": "bounced",
    "open": "opened", "reply": "replied", "answered": "replied", "response": "replied",
    "interested": "positive", "rejected": "declined", "added": "placed", "played": "placed",
}  # fmt: skip
DERIVED = {"no response", "no reply", "pending"}


@dataclass(frozen=True, slots=True)
class Row:
    """What happened; contact and campaign still as they were named."""

    contact_id: UUID | None
    email: str | None
    campaign: str
    kind: OutreachKind
    at: datetime
    channel: str | None
    template: str | None
    detail: str | None
    category: ReplyCategory | None
    attributes: tuple[tuple[str, str], ...]
    propensity: float | None


def outreach(given: dict[str, Any], *, now: datetime) -> Row | list[Fault]:
    """Check one row; nothing of it may lie after `now`."""
    cells = Cells(given, OUTREACH.known)
    cells.need("campaign", "event", "at")
    contact_id, email = cells.uuid("contact_id"), cells.read("contact_email", address, limits.LINE)
    if contact_id is None and email is None and not cells.faults:
        cells.fault("contact_email", "an e-mail address or contact_id is needed")
    campaign, kind = cells.text("campaign"), _kind(cells)
    at = cells.read("at", lambda text: values.past(values.moment(text), now))
    channel, template = cells.text("channel"), cells.text("template")
    detail = cells.text("detail", limits.TEXT)
    category = cells.one_of("category", _category, CATEGORIES)
    if category is not None and kind != "replied":
        cells.fault("category", "only a reply has one")
    if says_objected(str(given.get("event") or "")):
        category = "objected"
    attributes, propensity = _attributes(given.get("attributes"), cells), cells.number("propensity")
    if propensity is not None and not 0 <= propensity <= 1:
        cells.fault("propensity", "must lie between 0 and 1")
    if cells.faults or campaign is None or kind is None or at is None:
        return cells.faults
    return Row(
        contact_id=contact_id,
        email=email,
        campaign=campaign,
        kind=kind,
        at=at,
        channel=channel,
        template=template,
        detail=detail,
        category=cast("ReplyCategory | None", category),
        attributes=attributes,
        propensity=propensity,
    )


def _kind(cells: Cells) -> OutreachKind | None:
    text = cells.text("event", limits.SHORT)
    word = values.word(text or "")
    kind = "declined" if says_objected(word) else ALSO.get(word, word)
    if kind in KINDS:
        return kind
    if word in DERIVED:
        cells.fault("event", "is derived when nobody has answered in time, never recorded")
    elif word:
        cells.fault("event", f"is none of {', '.join(KINDS)}")
    return None


def _category(text: str) -> str | None:
    word = text.casefold()
    if says_objected(word):
        return "objected"
    return word if word in CATEGORIES else None


def _attributes(given: Any, cells: Cells) -> tuple[tuple[str, str], ...]:
    """Read an object of texts, or `key=value; key=value`."""
    pairs = given
    if isinstance(given, str):
        parts = [part.partition("=") for part in given.split(";") if part.strip()]
        if not all(equals and key.strip() for key, equals, _ in parts):
            cells.fault("attributes", "write them as key=value; key=value")
            return ()
        pairs = {key.strip(): value.strip() for key, _, value in parts}
    if pairs is None:
        return ()
    if not isinstance(pairs, dict) or not all(isinstance(value, str) for value in pairs.values()):
        cells.fault("attributes", "must be key=value pairs of text")
        return ()
    if len(pairs) > limits.MOST_ATTRIBUTES or any(
        len(key) > limits.SHORT or len(value) > limits.LINE for key, value in pairs.items()
    ):
        cells.fault("attributes", f"more than {limits.MOST_ATTRIBUTES}, or one is too long")
        return ()
    if broken := next(filter(None, map(limits.unstorable, (*pairs, *pairs.values()))), ""):
        cells.fault("attributes", broken)
        return ()
    return tuple(pairs.items())
