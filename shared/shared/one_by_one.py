"""What is done one at a time for each user, or with each record: many of one keep no others waiting."""

import asyncio
from collections.abc import Hashable
from weakref import WeakValueDictionary


class OneByOne:
    """A lock for each of them, gone once nobody holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()

    def of(self, whose: Hashable) -> asyncio.Lock:
        return self._locks.setdefault(whose, asyncio.Lock())
