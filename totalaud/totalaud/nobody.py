"""Standard output that takes no more: a closed pipe or terminal, a full disk."""

import os
import sys
from contextlib import suppress


def give_closed() -> None:
    """Give an output that was closed at the start to nobody, before a file or a socket has its number."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))


def write_to_nobody() -> None:
    """What lies in the buffer of a closed terminal would else turn the exit code to 120."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def flush() -> None:
    """Write what waits in the buffer, or let it go where that cannot be."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        write_to_nobody()
