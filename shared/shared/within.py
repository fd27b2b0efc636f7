"""Waiting for an event, but not for ever."""

import asyncio
from contextlib import suppress


async def set_within(event: asyncio.Event, seconds: float | None) -> bool:
    """Wait until it is set, for so many seconds at most, and tell whether it is."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
