"""Connections to PostgreSQL that come though who asked for them has given up: the next one gets them.

Over a slow line whoever waits for a shorter time than connecting takes would never have one.
"""

import asyncio
from typing import Any

import asyncpg

from shared.reaching import postgres
from shared.unawaited import failed


class Coming:
    """Makes a pool's connections (`connect`); `terminate` ends those that nobody has got."""

    def __init__(self) -> None:
        self._left: list[asyncio.Task[asyncpg.Connection]] = []

    async def connect(self, *where: Any, **how: Any) -> asyncpg.Connection:
        coming = self._taken() or asyncio.create_task(postgres(*where, **how))
        try:
            return await asyncio.shield(coming)
        except asyncio.CancelledError:
            coming.add_done_callback(failed)
            self._left.append(coming)
            raise

    def terminate(self) -> None:
        while coming := self._taken():
            if coming.done():
                coming.result().terminate()
            coming.cancel()

    def _taken(self) -> asyncio.Task[asyncpg.Connection] | None:
        """Take one that is on its way, or here and open."""
        while self._left:
            coming = self._left.pop(0)
            if not coming.done() or not (failed(coming) or coming.result().is_closed()):
                return coming
        return None
