"""A row as its reader wants it: fields by key and by attribute, and JSON without surprises."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from shared.steering import harmless

Status = Literal["pending", "running", "completed", "failed", "cancelled"]
"""The words for a session's state."""


class Record(dict[str, Any]):
    """A dict whose fields are attributes too, as the seed's objects have them."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Record":
        """Take over a row of a table: ids become text, money a number."""
        return cls({name: _plain(value) for name, value in row.items()})


def as_session(row: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> Record:
    """Join a row of agent_sessions with those of its steps, under the columns' names and the seed's."""
    found = Record.of(row)
    found["steps"] = [
        Record.of({**step, "skill": step["skill_name"], "duration": step["duration_ms"]}) for step in steps
    ]
    found["total_duration"] = sum(step["duration_ms"] or 0 for step in steps)
    found["total_cost"] = found["cost_usd"]
    return found


def as_json(value: Any) -> str:
    """Write one line of JSON; times in ISO 8601. What could steer a terminal is escaped."""
    return harmless(json.dumps(value, ensure_ascii=False, default=_written))


def _plain(value: Any) -> Any:
    match value:
        case UUID():
            return str(value)
        case Decimal():
            return float(value)
        case _:
            return value


def _written(value: Any) -> Any:
    match value:
        case date():
            return value.isoformat()
        case UUID():
            return str(value)
        case Decimal():
            return float(value)
        case _:
            raise TypeError(f"{type(value).__name__} is not JSON")
