"""SIGINT, SIGTERM and SIGHUP end the work in order: it is cancelled once, and awaited."""

import asyncio
import signal
import threading
from collections.abc import Coroutine, Iterator
from typing import Any

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
KILLED_BY = 128


async def interruptible(work: Coroutine[Any, Any, int]) -> int:
    """Return what the work returns, or 128 + the signal's number once it has cleaned up.

    A SIGHUP that is ignored already (nohup) stays so. The main thread alone can listen to signals.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(work)
    caught: list[int] = []

    def end(number: int) -> None:
        if not caught:
            task.cancel()
        caught.append(number)

    listened = [*_listened_to()] if threading.current_thread() is threading.main_thread() else []
    for one in listened:
        loop.add_signal_handler(one, end, one)
    try:
        return await task
    except asyncio.CancelledError:
        if not caught:
            raise
        return KILLED_BY + caught[0]
    finally:
        for one in listened:
            loop.remove_signal_handler(one)


def _listened_to() -> Iterator[signal.Signals]:
    for one in ENDING:
        if one != signal.SIGHUP or signal.getsignal(one) != signal.SIG_IGN:
            yield one
