"""What several modules begin with."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from histories import definitions
from projecting import EPOCH
from projector.database import connected, make, take_over
from projectorstage import Writer
from shared.bus import Bus
from totalaud.stack.local import LocalStack


@pytest.fixture
async def writer(bus: Bus) -> Writer:
    """Writes into a log that has the stories' skills and agents."""
    writer = Writer(bus)
    await writer.write(definitions())
    return writer


@pytest.fixture
def at_the_stack(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have clients that name no servers find this stack."""
    monkeypatch.setenv("TOTALAUD_NATS_URL", stack.place.nats_url)
    monkeypatch.setenv("TOTALAUD_DATABASE_URL", stack.place.database_url)
    monkeypatch.setenv("TOTALAUD_MASTER_KEY_FILE", str(stack.place.master_key_file))
    monkeypatch.setattr("totalaud.stack.paths.data_dir", lambda: stack.data)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TOTALAUD_SKILLS", str(stack.skills))


@pytest.fixture
async def connection(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to new tables, as the projection has it that is of EPOCH."""
    async with connected(postgres_url) as connection:
        await make(connection)
        await take_over(connection, EPOCH)
        yield connection
