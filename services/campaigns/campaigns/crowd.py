"""Does one thing for many items, some at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
AT_ONCE = 32


async def for_each(items: Iterable[T], do: Callable[[T], Awaitable[None]], *, at_once: int = AT_ONCE) -> None:
    """Run through all items; the first error ends it, what was begun is cancelled."""
    turn = iter(items)

    async def work() -> None:
        for item in turn:
            await do(item)

    workers = [asyncio.ensure_future(work()) for _ in range(at_once)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
