"""All that is stored on one contact, as they may ask for it (GDPR, Article 15); nothing of anybody else."""

from typing import Any
from uuid import UUID

from shared.refusal import Refusal
from shared.sealing import is_sealed, people_in
from totalaud import record_queries as queries
from totalaud.opening import Opener
from totalaud.record import Record
from totalaud.tables import Tables

IDS = frozenset({"id", "contact_id", "contact_ids"})
PERSONAL = ("name", "email", "phone", "notes")
ALL_TEXTS_S = 3600.0
Json = dict[str, Any]
Export = Json


async def export_of(tables: Tables, opener: Opener, user: UUID, contact_id: UUID, past: list[Json]) -> Export:
    """Return {contact_id, contact, history, outreach, pitches, texts}; one who is not known is a Refusal.

    `past` is what the log holds of the contact, and `history` the same, opened. `texts` are the parts of
    inputs and outputs that name the contact's id or are sealed for them, or for whom their name, address,
    phone or notes, earlier ones too, mean where these stand without the id: what erasing them takes away.
    Those of an execution tell which model was asked, if one was; `simulated` is the local one's.
    """
    contact = await tables.row(queries.CONTACT, user, contact_id)
    outreach = await tables.rows(queries.OUTREACH_WITH, user, contact_id)
    values = [[event.get(name) for name in PERSONAL] for event in past if event["type"] == "ContactImported"]
    meant = [await opener.whom(user, one) for one in await opener.open(user, values)]
    people = set[UUID]().union(*meant) - {contact_id}
    whose = [str(one) for one in people]
    said = [
        (one, row)
        for row in await tables.rows(queries.SAID_OF, user, str(contact_id), whose, within_s=ALL_TEXTS_S)
        for one in (contact_id, *sorted(people & people_in(row["value"])))
    ]
    if contact is None and not past and not outreach and not said:
        raise Refusal("not_found", "contact_id", f"nothing is stored on contact {contact_id}")
    found = {
        "contact": contact,
        "history": [{name: each for name, each in event.items() if name != "fingerprint"} for event in past],
        "outreach": outreach,
        "pitches": await tables.rows(queries.PITCHES_WITH, user, contact_id),
        "texts": [{**row, "value": told} for one, row in said if (told := about(one, row["value"]))],
    }
    return {"contact_id": str(contact_id), **await opener.open(user, _plain(found))}


def about(person: UUID, value: Any) -> Any:
    """Return what a value says about a person, None for nothing.

    Of an object that names the person, or holds what is sealed for them, its other fields stay too, but for
    those that speak of somebody else. A field may have a person's id for its name, and speaks of that one.
    """
    if is_sealed(value):
        return value if UUID(value["$sealed"]) == person else None
    match value:
        case dict():
            whole = any(_names(person, each) for each in value.values())
            kept = {
                name: each if _is_own(person, name, whole=whole) and _of_nobody(each) else about(person, each)
                for name, each in value.items()
            }
            return {name: each for name, each in kept.items() if each is not None} or None
        case list():
            return [each for each in (about(person, one) for one in value) if each is not None] or None
        case str() if _names(person, value):
            return value
        case _:
            return None


def _names(person: UUID, value: Any) -> bool:
    if is_sealed(value):
        return UUID(value["$sealed"]) == person
    if isinstance(value, list):
        return any(isinstance(one, str) and _names(person, one) for one in value)
    return isinstance(value, str) and value.lower() == str(person)


def _is_own(person: UUID, field: str, *, whole: bool) -> bool:
    """Tell whether a field is the person's: theirs by its name, or one of an object that is theirs."""
    return _names(person, field) or (whole and not _is_id(field))


def _of_nobody(value: Any) -> bool:
    """Tell whether a value is plain: nothing in it is sealed, or an object or id of its own."""
    match value:
        case dict() if is_sealed(value) or IDS & value.keys() or any(map(_is_id, value)):
            return False
        case dict():
            return all(map(_of_nobody, value.values()))
        case list():
            return all(map(_of_nobody, value))
        case str():
            return not _is_id(value)
        case _:
            return True


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [Record.of(row) for row in rows] if isinstance(rows, list) else rows and Record.of(rows)
        for name, rows in found.items()
    }
