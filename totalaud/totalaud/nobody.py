"""Standard output that takes no more: a closed pipe or terminal, a full disk."""

import os
import sys
from contextlib import suppress


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
