"""What is made of a schema, made once: schemas are never changed, so the object stands for what it says."""

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
AT_MOST = 512


def once(make: Callable[[dict[str, Any]], T]) -> Callable[[dict[str, Any]], T]:
    """Remember what is made of the last AT_MOST schemas, and hold them: no other object has the id of one."""
    known: dict[int, tuple[dict[str, Any], T]] = {}

    def remembered(schema: dict[str, Any]) -> T:
        found = known.get(id(schema))
        if found is None:
            found = known[id(schema)] = (schema, make(schema))
            if len(known) > AT_MOST:
                del known[next(iter(known))]
        return found[1]

    return remembered
