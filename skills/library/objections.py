"""Who must not be written to is left out, and whoever was named before.

The skill-runner says of each contact of the input that it is `suppressed`, where the tables know it by id or
address: the skill's YAML has `proposes_people`.
"""

from collections.abc import Sequence
from typing import Any

Json = dict[str, Any]


def reachable(contacts: Sequence[Json]) -> list[Json]:
    return [one for one in _once(contacts) if not one.get("suppressed")]


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
