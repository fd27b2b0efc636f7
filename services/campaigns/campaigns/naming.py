"""Which id a name has, so that the same name is the same record for everybody, at once and for ever.

A record's id comes from the name it was first given. A name that it gets later leaves a `NameGiven` under the
id of that name, which is taken or refused by the log itself: no two records can have had the same name.
"""

from uuid import UUID, uuid5

from shared.keyring import normal
from shared.record_events import NameGiven
from shared.refusal import Refusal


def id_of(scope: UUID, noun: str, name: str) -> UUID:
    """Return the id that a name stands for; `scope` is the user, of a release the artist."""
    return uuid5(scope, f"{noun}/{normal(name).decode()}")


def as_id(named: str) -> UUID | None:
    """Read a UUID; anything else is a name."""
    try:
        return UUID(named)
    except ValueError:
        return None


def give(event: NameGiven, field: str, *, taken: bool, given: UUID | None) -> list[NameGiven]:
    """Decide on a name whose own record exists (`taken`), or that was given before."""
    if taken or given not in (None, event.to):
        raise Refusal("name_taken", field, f"{field}: another one has, or had, this name")
    return [] if given == event.to else [event]


def unknown(noun: str, field: str | None = None) -> Refusal:
    """Refuse a name or an id that no record has."""
    field = field or noun
    return Refusal(f"unknown_{noun}", field, f"{field}: none of yours has this name or id")


def unless_given(given: UUID | None, field: str) -> None:
    """Refuse to begin a record under an id whose name was given away a moment ago."""
    if given is not None:
        raise Refusal("name_taken", field, f"{field}: it was given to another one just now: ask again")
