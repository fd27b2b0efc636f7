"""Contacts as rows; what is personal stays sealed and is in no index."""

from collections.abc import Iterator
from typing import Any

from projector.changes import Alter, Change, Ensure, Row
from projector.namekeys import keys, plain
from shared.log import Recorded
from shared.record_events import ContactErased, ContactImported, ContactSuppressed, ObjectionWithdrawn
from shared.subjects import Aggregate

SEALED = ("name", "email", "phone", "notes", "source", "source_url")
OWN = (*SEALED, "role", "words", "search_words")


def contact_changes(aggregate: Aggregate, recorded: Recorded) -> Iterator[Change]:
    """Tell what changes in `contacts`; an address that was never imported can be suppressed or erased too."""
    row = Row("contacts", aggregate.uuid, aggregate.user)
    for event in recorded.commit.events:
        match event:
            case ContactImported():
                words = _words(event)
                values = {
                    "name": event.name,
                    "email": event.email,
                    "phone": event.phone,
                    "notes": event.notes,
                    "outlet": event.outlet,
                    "role": event.role,
                    "type": event.kind,
                    "genres": list(event.genres),
                    "regions": list(event.regions),
                    "source": event.source,
                    "source_url": event.source_url,
                    "genre_keys": keys(event.genres),
                    "region_keys": keys(event.regions),
                    "subscriber_type": event.subscriber_type,
                    "timezone": event.timezone,
                    "suppressed_in_file": event.suppressed,
                    "imported_at": recorded.commit.at,
                    "seq": recorded.seq,
                    "words": words,
                    "search_words": plain(words),
                }
                yield Ensure(row, {"user_id": aggregate.user, **values})
                yield Alter(row, values)
            case ContactSuppressed() | ObjectionWithdrawn():
                yield Ensure(row, _nobody(aggregate))
                yield Alter(row, {"objected": isinstance(event, ContactSuppressed), "seq": recorded.seq})
            case ContactErased():
                gone = {**dict.fromkeys(OWN), "erased": True, "seq": recorded.seq}
                yield Ensure(row, _nobody(aggregate))
                yield Alter(row, gone)
            case _:
                raise ValueError(f"{event.type} is no event of a contact")


def _nobody(aggregate: Aggregate) -> dict[str, Any]:
    return {"user_id": aggregate.user, "genres": [], "regions": []}


def _words(event: ContactImported) -> str:
    said = (event.outlet, event.role, event.kind, *event.genres, *event.regions)
    return " ".join(word for word in said if word)
