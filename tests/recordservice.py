"""The campaigns service in a test's own process: its doors on a real log and a real vault."""

import json
from typing import Any
from uuid import UUID

from campaigns.doors import Doors
from campaigns.main import routes
from campaigns.reapplying import Reapplying
from controls import USER
from shared import subjects
from shared.bus import Bus
from shared.events import AnyEvent
from shared.jetstream_log import JetStreamLog
from shared.record_events import ContactImported
from shared.subjects import Record
from shared.vault import Vault


class Service:
    """One process of the service, as far as the log and the vault can tell."""

    def __init__(self, bus: Bus, vault: Vault, database_url: str, user: UUID = USER) -> None:
        self.user = user
        self.vault = vault
        self.log = JetStreamLog(bus)
        self.doors = Doors(routes(self.log, vault))
        self.reapplying = Reapplying(database_url, self.log, vault)

    async def ask(self, command: str, **body: Any) -> dict[str, Any]:
        answer = await self.doors.ask(f"ask.{self.user}.{command}", json.dumps(body).encode(), {})
        return dict(json.loads(answer))

    async def events(self, noun: Record, id_: UUID | str) -> list[AnyEvent]:
        past = await self.log.load(subjects.record(self.user, noun, UUID(str(id_))))
        return list(past.events)

    def person(self, email: str) -> UUID:
        return self.vault._keyring.ids.person_of(self.user, email)

    async def last_import(self, email: str) -> ContactImported:
        events = await self.events("contact", self.person(email))
        return [event for event in events if isinstance(event, ContactImported)][-1]
