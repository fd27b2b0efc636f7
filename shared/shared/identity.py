"""What follows from a schema is worked out once, and found by identity: one in use is never changed."""

from collections.abc import Callable
from typing import Any, TypeVar

REMEMBERED = 512
Schema = dict[str, Any]
T = TypeVar("T")


def by_identity(work_out: Callable[[Schema], T]) -> Callable[[Schema], T]:
    """Remember what it gives; the schema is held too, so that no other one can have its place in memory."""
    known: dict[int, tuple[Schema, T]] = {}

    def remembered(schema: Schema) -> T:
        found = known.get(id(schema))
        if found is None:
            found = schema, work_out(schema)
            if len(known) >= REMEMBERED:
                del known[next(iter(known))]
            known[id(schema)] = found
        return found[1]

    return remembered
