"""Columns that follow from others of their row: in SQL for rows that are altered, in Python for new ones."""

from datetime import datetime, timedelta
from typing import Any

LONGEST_MS = 2**31 - 1
MS = "floor(extract(epoch FROM ({completed_at}) - t.created_at) * 1000)"
FITTING_MS = f"greatest(0, least({MS}, {LONGEST_MS}))"
SQL = {
    "agent_sessions": {
        "duration_ms": f"CASE WHEN ({{completed_at}}) IS NOT NULL THEN {FITTING_MS}::integer END"
    },
    "contacts": {"suppressed": "({suppressed_in_file}) OR ({objected})"},
    "skills": {"enabled": "coalesce({switched}, (({definition})->>'enabled')::boolean, true)"},
}


def derive(table: str, row: dict[str, Any]) -> None:
    """Set the derived columns of a whole row."""
    match table:
        case "agent_sessions":
            row["duration_ms"] = _between(row["created_at"], row["completed_at"])
        case "contacts":
            row["suppressed"] = row["suppressed_in_file"] or row["objected"]
        case "skills":
            file_says = row["definition"].get("enabled", True) if row["definition"] else True
            row["enabled"] = file_says if row["switched"] is None else row["switched"]
        case _:
            pass


def _between(begin: datetime, end: datetime | None) -> int | None:
    """Return what fits into the column: an end before the beginning tells of a clock that was put back."""
    if end is None:
        return None
    return max(0, min((end - begin) // timedelta(milliseconds=1), LONGEST_MS))
