"""Backups on real NATS and PostgreSQL, without services: where they are made, and where they are put back."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from servers import fresh_database, running_nats
from shared.bus import Bus
from shared.commit import Commit
from shared.erasure import erase_keys
from shared.jetstream_log import JetStreamLog
from shared.record_events import ContactErased, ContactImported
from shared.refusal import Refusal
from shared.sealing import UNREADABLE, reveal, seal
from shared.subjects import contact
from shared.vault import Vault, migrate
from totalaud.backup import manifest as manifests
from totalaud.backup.restoring import Restored, restore
from totalaud.backup.taking import back_up
from totalaud.connection import Connection

USER = UUID("00000000-0000-4000-8000-000000000001")
MASTER_KEY = bytes(range(32))
OTHER_KEY = bytes(32)
PERSONAL = {"type": "object", "properties": {"name": {"type": "string", "x-personal": True}}}
NAME = "Zephyrine Birdcage"


class Office:
    """A log and a vault, and what the campaigns service does to them."""

    def __init__(self, bus: Bus, nats_url: str, database_url: str, vault: Vault) -> None:
        self.bus = bus
        self.nats_url = nats_url
        self.database_url = database_url
        self.vault = vault
        self.log = JetStreamLog(bus)

    async def add(self, name: str = NAME) -> UUID:
        id_ = uuid4()
        sealed = await seal(self.vault, USER, PERSONAL, {"contact_id": str(id_), "name": name})
        await self._append(id_, ContactImported(name=sealed["name"], fingerprint="0"))
        return id_

    async def erase(self, id_: UUID) -> None:
        await erase_keys(self.vault, USER, id_, await self.log.load(contact(USER, id_)))
        await self.tell_erased(id_)

    async def tell_erased(self, id_: UUID) -> None:
        """Leave the keys as they are: the vault may be older than the log."""
        await self._append(id_, ContactErased())

    async def name(self, id_: UUID) -> str:
        """What somebody reads who has not seen it before."""
        first = next(iter((await self.log.page(contact(USER, id_), 0, most=1, most_bytes=1)).events))
        vault = await Vault.connect(self.database_url, MASTER_KEY)
        try:
            return str(await reveal(vault, USER, first.name, unreadable=UNREADABLE))
        finally:
            await vault.close()

    async def _append(self, id_: UUID, event: ContactImported | ContactErased) -> None:
        past = await self.log.load(contact(USER, id_))
        commit = Commit(commit_id=uuid4(), at=datetime.now(UTC), events=(event,))
        await self.log.append(contact(USER, id_), commit, expected=past.seq)

    async def back_up(self, folder: Path) -> Path:
        connection = Connection(self.nats_url, self.database_url, folder.parent / "data")
        await back_up(connection, folder)
        return folder

    async def restore(self, folder: Path, key: bytes | None = MASTER_KEY, **how: object) -> Restored:
        return await restore(
            self.bus, self.database_url, folder, manifests.read(folder), master_key=key, **how
        )


@asynccontextmanager
async def office(nats_url: str, database_url: str) -> AsyncIterator[Office]:
    bus = await Bus.connect(nats_url, name="test")
    vault = await Vault.connect(database_url, MASTER_KEY)
    try:
        yield Office(bus, nats_url, database_url, vault)
    finally:
        await vault.close()
        await bus.close()


@pytest.fixture
async def here(bus: Bus, nats_url: str, postgres_url: str) -> AsyncIterator[Office]:
    """Where the backups are made."""
    await migrate(postgres_url)
    async with office(nats_url, postgres_url) as found:
        yield found


@pytest.fixture
async def there(postgres) -> AsyncIterator[Office]:
    """Another NATS and another database, with nothing in them."""
    async with (
        running_nats() as nats,
        fresh_database(postgres.url) as database,
        office(nats.url, database) as found,
    ):
        yield found


@pytest.fixture
async def backup(here: Office, tmp_path: Path) -> Path:
    await here.add()
    return await here.back_up(tmp_path / "backup")


async def refused(doing: Awaitable[object]) -> Refusal:
    with pytest.raises(Refusal) as error:
        await doing
    return error.value
