"""What callers give, looked at before it goes anywhere: a wrong value is refused by its field."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from shared.refusal import Refusal

Id = UUID | str
MOST = 2**63 - 1


def as_id(value: Id, field: str) -> UUID:
    """Read a UUID; refuse what is none."""
    try:
        return value if isinstance(value, UUID) else UUID(str(value))
    except ValueError:
        raise Refusal("invalid", field, f"{field}: {value!r} is not a UUID") from None


def as_contact(contact: Id) -> UUID | str:
    """Read a contact's UUID or e-mail address; no name means a contact, since many have the same."""
    text = str(contact).strip()
    if "@" in text:
        return text
    try:
        return UUID(text)
    except ValueError:
        rule = "a contact is named by UUID or e-mail address, not by name"
        raise Refusal("invalid", "contact_id", rule) from None


def as_count(value: Any, field: str) -> int:
    """Refuse what is no number of rows, nor a sequence of the log."""
    if not isinstance(value, int) or not 0 <= value <= MOST:
        raise Refusal("invalid", field, f"{field}: {value!r} is not a whole number of 0 or more")
    return int(value)


def as_one_of(value: str, known: Collection[str], field: str) -> str:
    if value not in known:
        raise Refusal("invalid", field, f"{field}: {value!r} is not one of {', '.join(known)}")
    return value


def stated(**values: Any) -> dict[str, Any]:
    """Return the fields of a command that say something: None is not sent, ids as text."""
    return {
        name: str(value) if isinstance(value, UUID) else value
        for name, value in values.items()
        if value is not None
    }


def as_steps(steps: Any, added: Mapping[str, Any]) -> Any:
    """Return steps with what is added to each; the door refuses what is no list, or no step."""
    if isinstance(steps, str | Mapping) or not isinstance(steps, Iterable):
        return steps
    return [{**step, **added} if isinstance(step, Mapping) else step for step in steps]
