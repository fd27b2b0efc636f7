"""The life of a contact, as two pure functions: imported, perhaps changed, perhaps erased for ever."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import assert_never

from shared.events import AnyEvent
from shared.record_events import ContactErased, ContactEvent, ContactImported
from shared.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Contact:
    """`fingerprint` is that of the values last imported, None before the first import."""

    fingerprint: str | None = None
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Erase:
    """Never to be known again."""


Command = ContactImported | Erase


def is_news(fingerprint: str, contact: Contact) -> bool:
    """Tell whether values differ from those last imported; an erased person's are refused."""
    if contact.erased:
        raise Refusal("erased", None, "this person was erased and is not imported again")
    return fingerprint != contact.fingerprint


def decide(command: Command, contact: Contact) -> list[ContactEvent]:
    """Answer with what happens; what was done before changes nothing. An import's event is its command."""
    match command:
        case ContactImported(fingerprint=fingerprint):
            return [command] if is_news(fingerprint, contact) else []
        case Erase():
            return [] if contact.erased else [ContactErased()]
        case _:
            assert_never(command)


def evolve(contact: Contact, event: AnyEvent) -> Contact:
    """Take in what happened."""
    match event:
        case ContactImported(fingerprint=fingerprint):
            return replace(contact, fingerprint=fingerprint)
        case ContactErased():
            return Contact(erased=True)
        case _:
            return contact


def fold(events: Iterable[AnyEvent]) -> Contact:
    return reduce(evolve, events, Contact())
