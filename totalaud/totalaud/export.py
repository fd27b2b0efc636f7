"""All that is stored on one contact, as they may ask for it (GDPR, Article 15); nothing of anybody else."""

import csv
import io
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from shared.refusal import Refusal
from shared.sealing import is_sealed
from totalaud import record_queries as queries
from totalaud.opening import Open
from totalaud.record import Record
from totalaud.record import as_json as written
from totalaud.tables import Tables

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = ("record", "number", "field", "value")
Export = dict[str, Any]


async def export_of(tables: Tables, open_: Open, user: UUID, contact_id: UUID) -> Export:
    """Return {contact_id, contact, outreach, pitches, texts}; a person who is not known is a Refusal.

    `texts` are the parts of inputs and outputs that name the contact's id or are sealed for them.
    """
    contact = await tables.row(queries.CONTACT, user, contact_id)
    outreach = await tables.rows(queries.OUTREACH_WITH, user, contact_id)
    said = await tables.rows(queries.SAID_OF, user, str(contact_id))
    if contact is None and not outreach and not said:
        raise Refusal("not_found", "contact_id", f"nothing is stored on contact {contact_id}")
    found = {
        "contact": contact,
        "outreach": outreach,
        "pitches": await tables.rows(queries.PITCHES_WITH, user, contact_id),
        "texts": [{**row, "value": about(contact_id, row["value"])} for row in said],
    }
    return {"contact_id": str(contact_id), **await open_(user, _plain(found))}


def about(person: UUID, value: Any) -> Any:
    """Return what a value says about a person, None for nothing.

    Of an object that names the person, or holds what is sealed for them, its plain fields stay too; all that
    speaks of others is left out.
    """
    if is_sealed(value):
        return value if value["$sealed"].lower() == str(person) else None
    match value:
        case dict():
            kept = {name: about(person, each) for name, each in value.items()}
            kept = {name: each for name, each in kept.items() if each is not None}
            if any(_is_named(person, value[name]) for name in kept):
                kept |= {name: each for name, each in value.items() if not isinstance(each, dict | list)}
            return {name: kept[name] for name in value if name in kept} or None
        case list():
            return [each for each in (about(person, one) for one in value) if each is not None] or None
        case str() if value.lower() == str(person):
            return value
        case _:
            return None


def as_csv(export: Export) -> str:
    """Write one line for each field; what a spreadsheet would take for a formula is made text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for line in _lines(export):
        writer.writerow([neutral(cell) for cell in line])
    return out.getvalue()


def neutral(cell: str) -> str:
    """Put an apostrophe before what could be run as a formula."""
    return f"'{cell}" if cell.startswith(FORMULAS) else cell


def _lines(export: Export) -> Iterator[tuple[str, ...]]:
    for record in ("contact", "outreach", "pitches", "texts"):
        rows = export[record] if isinstance(export[record], list) else [export[record]]
        for number, row in enumerate(rows, 1):
            for field, value in (row or {}).items():
                yield record, str(number), field, value if isinstance(value, str) else written(value)


def _is_named(person: UUID, value: Any) -> bool:
    return is_sealed(value) or (isinstance(value, str) and value.lower() == str(person))


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    return {
        name: [Record.of(row) for row in rows] if isinstance(rows, list) else rows and Record.of(rows)
        for name, rows in found.items()
    }
