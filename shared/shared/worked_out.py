"""What was once worked out from a schema, found again by the schema itself: one in use is never changed."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Schema = dict[str, Any]
MOST = 512


class WorkedOut(Generic[T]):
    """Remembers the last schemas by identity, and holds them, so that no other can have theirs."""

    def __init__(self, work_out: Callable[[Schema], T]) -> None:
        self._work_out = work_out
        self._found: OrderedDict[int, tuple[Schema, T]] = OrderedDict()

    def of(self, schema: Schema) -> T:
        if (found := self._found.get(id(schema))) is not None:
            return found[1]
        made = self._work_out(schema)
        self._found[id(schema)] = (schema, made)
        if len(self._found) > MOST:
            self._found.popitem(last=False)
        return made
