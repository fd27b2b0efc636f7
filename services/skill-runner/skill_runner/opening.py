"""Opening and sealing with patience: while the vault is away, what needs it waits."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from shared.logs import get_logger
from shared.sealing import Tampered, is_marked, people_in, reveal, seal
from shared.vault import Unavailable, Vault
from skill_runner.failure import Failure

FIRST_S = 0.1
LONGEST_S = 2.0
SAID_EVERY = 30
T = TypeVar("T")


async def opened(vault: Vault, user: UUID, value: Any) -> Any:
    """Return the value with nothing sealed; raises Failure for a sealed value that was changed."""
    if not people_in(value):
        return value
    try:
        return await patiently(lambda: reveal(vault, user, value))
    except Tampered as tampered:
        raise Failure("invalid_input", tampered.message) from None


async def closed(
    vault: Vault, user: UUID, schema: dict[str, Any], value: Any, owners: Mapping[str, UUID] | None = None
) -> Any:
    """Return the value with all sealed that the schema marks as personal."""
    if not is_marked(schema):
        return value
    return await patiently(lambda: seal(vault, user, schema, value, owners=owners))


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again and again while the vault is away."""
    pause, tried = FIRST_S, 0
    while True:
        try:
            return await ask()
        except Unavailable as away:
            if tried % SAID_EVERY == 0:
                get_logger().warning("the vault is waited for", reason=away.reason)
            await asyncio.sleep(pause)
            pause, tried = min(2 * pause, LONGEST_S), tried + 1
