"""What a file has no column for stays as it was known; a column whose cell is empty empties the field."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from msgspec.structs import asdict, replace

from shared.message import Happened

E = TypeVar("E", bound=Happened)


def untold(known: Mapping[str, Any], told: Collection[str]) -> dict[str, Any]:
    """Return what was known of the fields that a row does not tell."""
    return {name: value for name, value in known.items() if name not in told}


@dataclass(frozen=True, slots=True)
class Told(Generic[E]):
    """A row's event as it would be were nothing known, and the fields that the row tells."""

    event: E
    fields: frozenset[str]

    def over(self, known: E | None) -> E:
        """Return the event with all else as it was known; each key of a mapping is a field of its own."""
        if known is None:
            return self.event
        kept = untold(asdict(known), self.fields)
        for name, value in kept.items():
            if isinstance(value, dict):
                kept[name] = untold(value, self.fields) | getattr(self.event, name)
        return replace(self.event, **kept)
