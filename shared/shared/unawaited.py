"""Tasks that nobody waits for any more."""

import asyncio
from typing import Any


def failed(task: asyncio.Task[Any]) -> bool:
    """Tell whether it did. That takes its error, which asyncio would tell of as of a fault."""
    return task.cancelled() or task.exception() is not None
