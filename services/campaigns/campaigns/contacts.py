"""The life of a contact, as two pure functions: imported, perhaps changed, suppressed, erased for ever."""

from dataclasses import dataclass, replace
from functools import reduce
from typing import assert_never

from shared.commit import Commit
from shared.events import AnyEvent
from shared.log import Past
from shared.record_events import ContactErased, ContactEvent, ContactImported, ContactSuppressed
from shared.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Contact:
    """`fingerprint` is that of the values last imported, None before the first import."""

    fingerprint: str | None = None
    suppressed: bool = False
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Suppress:
    """Never to be written to again, whatever is imported later."""


@dataclass(frozen=True, slots=True)
class Erase:
    """Never to be known again."""


Command = ContactImported | Suppress | Erase


def is_news(fingerprint: str, contact: Contact) -> bool:
    """Tell whether values differ from those last imported; an erased person's are refused."""
    if contact.erased:
        raise Refusal("erased", None, "this person was erased and is not imported again")
    return fingerprint != contact.fingerprint


def known(contact: Contact) -> None:
    """Refuse one of whom nothing can be recorded."""
    if contact.erased:
        raise Refusal("erased", None, "this person was erased: nothing more is recorded of them")
    if contact.fingerprint is None:
        raise Refusal("unknown_contact", None, "no such contact: import it first")


def decide(command: Command, contact: Contact) -> list[ContactEvent]:
    """Answer with what happens; what was done before changes nothing. An import's event is its command."""
    match command:
        case ContactImported(fingerprint=fingerprint):
            return [command] if is_news(fingerprint, contact) else []
        case Suppress():
            return [] if contact.suppressed or contact.erased else [ContactSuppressed()]
        case Erase():
            return [] if contact.erased else [ContactErased()]
        case _:
            assert_never(command)


def says_all(last: Commit) -> bool:
    """Tell of a contact's last commit whether an import needs no other: whether they objected is left out."""
    return any(isinstance(event, ContactImported | ContactErased) for event in last.events)


def evolve(contact: Contact, past: Past) -> Contact:
    """Take in what happened."""
    return reduce(_evolve, past.events, contact)


def _evolve(contact: Contact, event: AnyEvent) -> Contact:
    match event:
        case ContactImported(fingerprint=fingerprint):
            return replace(contact, fingerprint=fingerprint)
        case ContactSuppressed():
            return replace(contact, suppressed=True)
        case ContactErased():
            return Contact(erased=True)
        case _:
            return contact
