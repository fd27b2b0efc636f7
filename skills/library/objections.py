"""Who must not be written to, or not again, whatever an input says: it may be older than the tables."""

from collections.abc import Sequence
from typing import Any

from skill_runner.context import Context

OBJECTED = """
SELECT id FROM contacts
WHERE user_id = :user AND id = ANY(CAST(:ids AS uuid[])) AND (suppressed OR erased)
"""
Json = dict[str, Any]


def reachable(contacts: Sequence[Json], context: Context) -> list[Json]:
    """Leave out those who are suppressed or erased, and whoever was named before."""
    contacts = _once(contacts)
    ids = sorted({one["id"] for one in contacts if one.get("id")})
    shut = {row["id"] for row in context.rows(OBJECTED, ids=ids)} if ids else set()
    return [one for one in contacts if not one.get("suppressed") and one.get("id") not in shut]


def left_out(before: Sequence[Json], after: Sequence[Json]) -> list[str]:
    """Say how many were left out."""
    people = len(_once(before))
    objected, again = people - len(after), len(before) - people
    told = [f"{objected} left out: suppressed or erased"] if objected else []
    return [*told, f"{again} left out: named before"] if again else told


def _once(contacts: Sequence[Json]) -> list[Json]:
    first: dict[Any, Json] = {}
    for place, one in enumerate(contacts):
        first.setdefault(one.get("id") or place, one)
    return list(first.values())
