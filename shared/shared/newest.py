"""Memory with bounds: what was put there last stays."""

from collections import OrderedDict
from collections.abc import Hashable
from math import inf
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Newest(Generic[K, V]):
    """Holds so many, of such a size together; one that is larger by itself is kept alone."""

    def __init__(self, most: float, most_size: float = inf) -> None:
        self._most = most
        self._most_size = most_size
        self._held: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._size = 0

    def __contains__(self, key: K) -> bool:
        return key in self._held

    def get(self, key: K) -> V | None:
        held = self._held.get(key)
        return held[0] if held else None

    def put(self, key: K, value: V, size: int = 0) -> None:
        """Hold it as the newest, in place of what there was under its key."""
        self.pop(key)
        self._held[key] = value, size
        self._size += size
        while len(self._held) > self._most or (self._size > self._most_size and len(self._held) > 1):
            self.pop(next(iter(self._held)))

    def pop(self, key: K) -> V | None:
        """Hold it no more, and return it."""
        held = self._held.pop(key, None)
        if held is None:
            return None
        self._size -= held[1]
        return held[0]
