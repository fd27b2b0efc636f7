"""What takes long is done for each user one thing at a time: many of one keep no others waiting."""

import asyncio
from uuid import UUID
from weakref import WeakValueDictionary


class UserTurns:
    """A lock for each user, gone once nobody holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[UUID | None, asyncio.Lock] = WeakValueDictionary()

    def of(self, user: UUID | None) -> asyncio.Lock:
        return self._locks.setdefault(user, asyncio.Lock())
