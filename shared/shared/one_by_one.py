"""What is done one, or a few, at a time for each user or record: many of one keep no others waiting."""

import asyncio
from collections.abc import Hashable
from weakref import WeakValueDictionary


class OneByOne:
    """So many turns for each of them, gone once nobody has one or waits for it."""

    def __init__(self, at_once: int = 1) -> None:
        self._at_once = at_once
        self._turns: WeakValueDictionary[Hashable, asyncio.Semaphore] = WeakValueDictionary()

    def of(self, whose: Hashable) -> asyncio.Semaphore:
        return self._turns.setdefault(whose, asyncio.Semaphore(self._at_once))
