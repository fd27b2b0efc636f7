"""Who must not be written to, whatever an input says: asked of the tables, for it may be older."""

from collections.abc import Sequence
from typing import Any

from skill_runner.context import Context

OBJECTED = """
SELECT id FROM contacts
WHERE user_id = :user AND id = ANY(CAST(:ids AS uuid[])) AND (suppressed OR erased)
"""
Json = dict[str, Any]


def reachable(contacts: Sequence[Json], context: Context) -> list[Json]:
    """Leave out those who are suppressed or erased."""
    ids = sorted({one["id"] for one in contacts if one.get("id")})
    shut = {row["id"] for row in context.rows(OBJECTED, ids=ids)} if ids else set()
    return [one for one in contacts if not one.get("suppressed") and one.get("id") not in shut]


def left_out(before: Sequence[Json], after: Sequence[Json]) -> list[str]:
    """Say how many were left out."""
    many = len(before) - len(after)
    return [f"{many} left out: suppressed or erased"] if many else []
