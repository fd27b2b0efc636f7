"""Records on real NATS and PostgreSQL: each file that imports these fixtures has servers of its own."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from recordservice import Service
from servers import Rig, fresh_database, running_nats
from shared.bus import Bus
from shared.refusal import Refusal
from shared.streams import provision
from shared.vault import Vault, migrate

MASTER_KEY = bytes(range(32))
ADA, BEN = "ada@example.org", "ben@example.org"
CONTACTS = f"name,email\nFictional Ada,{ADA}\nFictional Ben,{BEN}\n"
AT = "2026-05-01T10:00:00+01:00"
OUTREACH = f"""contact_email,campaign,event,at,channel,template,detail
{ADA},Spring,sent,2026-05-01T10:00:00+01:00,email,first,
{BEN},Spring,sent,2026-05-01T10:05:00+01:00,email,first,
{ADA},spring,replied,2026-05-02T09:00:00+01:00,email,,Zzyzx love it
{ADA},Spring,opened,2026-05-01T11:00:00+01:00,email,,
{ADA},Spring,sent,2026-05-01T09:00:00Z,email,other,
zzyzx@example.org,Spring,sent,2026-05-01T10:00:00Z,,,
{BEN},Spring,sent,2026-05-01T10:00:00,,,
"""
WORDS = {"campaign": "Spring", "event": "replied", "at": AT, "email": ADA, "detail": "Zzyzx love it"}


class Place:
    """Servers for all tests of this file, each of them a user of its own."""

    def __init__(self, bus: Bus, vault: Vault, database_url: str) -> None:
        self._at = (bus, vault, database_url)
        self.database_url = database_url

    def service(self, user: UUID) -> Service:
        """Another process of the service."""
        return Service(*self._at, user)


@pytest.fixture(scope="module")
async def place(_postgres: Rig) -> AsyncIterator[Place]:
    async with running_nats() as nats, fresh_database(_postgres.url) as url:
        bus = await Bus.connect(nats.url, name="test")
        await provision(bus, ack_wait_s=2)
        await migrate(url)
        vault = await Vault.connect(url, MASTER_KEY)
        try:
            yield Place(bus, vault, url)
        finally:
            await vault.close()
            await bus.close()


@pytest.fixture
def service(place: Place) -> Service:
    return place.service(uuid4())


@pytest.fixture
async def spring(service: Service) -> Service:
    """Two contacts, an artist with a release, and a campaign for it."""
    await service.ask("contacts.import", csv=CONTACTS)
    await service.ask("artist.set", name="Nobody", genres=["synthpop"])
    await service.ask("release.plan", artist="Nobody", title="Nothing", type="ep", date="2026-12-01")
    await service.ask("campaign.create", name="Spring", artist="Nobody", release="Nothing", goal="radio")
    return service


async def refused(service: Service, command: str, **body: Any) -> Refusal:
    before = await service.log.last_seq()
    with pytest.raises(Refusal) as refusal:
        await service.ask(command, **body)
    assert await service.log.last_seq() == before
    return refusal.value


def counts(report: dict[str, Any]) -> tuple[int, ...]:
    return tuple(report[name] for name in ("imported", "unchanged", "duplicates", "failed"))


NOBODY = str(uuid4())
