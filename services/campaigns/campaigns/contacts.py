"""The life of a contact, as two pure functions: imported, perhaps changed, suppressed, erased for ever."""

from dataclasses import dataclass, replace
from functools import reduce
from typing import assert_never

from shared.commit import Commit
from shared.events import AnyEvent
from shared.log import Past
from shared.record_events import (
    ContactErased,
    ContactEvent,
    ContactImported,
    ContactSuppressed,
    ObjectionWithdrawn,
)
from shared.refusal import Refusal


@dataclass(frozen=True, slots=True)
class Contact:
    """`last` is what was last imported, `fingerprint` that of its values; None before the first import.

    `suppressed` is who objected, `suppressed_in_file` whom the last file that says so must not be written to.
    """

    fingerprint: str | None = None
    suppressed: bool = False
    suppressed_in_file: bool = False
    erased: bool = False
    last: ContactImported | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """A contact as a file has it, whole: what the file does not tell is in it as it was known."""

    event: ContactImported


@dataclass(frozen=True, slots=True)
class Suppress:
    """Not to be written to again, whatever is imported later."""


@dataclass(frozen=True, slots=True)
class Unsuppress:
    """May be written to again; what a file says is taken back by a file alone."""


@dataclass(frozen=True, slots=True)
class Erase:
    """Never to be known again."""


Command = Import | Suppress | Unsuppress | Erase


def is_news(fingerprint: str, suppressed: bool, contact: Contact) -> bool:  # noqa: FBT001 - a value
    """Tell whether values differ from those last imported; an erased person's are refused."""
    if contact.erased:
        raise Refusal("erased", None, "this person was erased and is not imported again")
    return fingerprint != contact.fingerprint or suppressed != contact.suppressed_in_file


def check_known(contact: Contact) -> None:
    """Refuse one of whom nothing can be recorded."""
    if contact.erased:
        raise Refusal("erased", None, "this person was erased: nothing more is recorded of them")
    if contact.fingerprint is None:
        raise Refusal("unknown_contact", None, "no such contact: import it first")


def decide(command: Command, contact: Contact) -> list[ContactEvent]:
    """Answer with what happens; what was done before changes nothing."""
    match command:
        case Import(event=event):
            return [event] if is_news(event.fingerprint, event.suppressed, contact) else []
        case Suppress():
            return [] if contact.suppressed or contact.erased else [ContactSuppressed()]
        case Unsuppress() if contact.erased:
            raise Refusal("erased", None, "this person was erased and is not written to again")
        case Unsuppress() if contact.suppressed_in_file:
            raise Refusal(
                "in_file", None, "a file of contacts says so: import them with 'no' as suppressed first"
            )
        case Unsuppress():
            return [ObjectionWithdrawn()] if contact.suppressed else []
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
        case ContactImported(fingerprint=fingerprint, suppressed=suppressed):
            return replace(contact, fingerprint=fingerprint, suppressed_in_file=suppressed, last=event)
        case ContactSuppressed():
            return replace(contact, suppressed=True)
        case ObjectionWithdrawn():
            return replace(contact, suppressed=False)
        case ContactErased():
            return Contact(erased=True)
        case _:
            return contact
