"""What has happened to contacts: read from the log, appended to under the expected sequence."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from campaigns.contacts import Command, decide, fold
from shared import telemetry
from shared.commit import Commit
from shared.log import Conflict, Log, Past
from shared.subjects import contact


@dataclass(frozen=True, slots=True)
class Recorded:
    """The contact's last sequence, and whether this command is what moved it."""

    seq: int
    happened: bool


@dataclass(frozen=True, slots=True)
class Histories:
    """Only this service appends to contacts, perhaps in several processes."""

    log: Log

    async def load(self, user: UUID, contact_id: UUID) -> Past:
        return await self.log.load(contact(user, contact_id))

    async def record(
        self, user: UUID, contact_id: UUID, command: Command, cause: str, past: Past | None = None
    ) -> Recorded:
        """Decide and append; `past` may be a guess, a wrong one costs another load."""
        while True:
            known = await self.load(user, contact_id) if past is None else past
            events = decide(command, fold(known.events))
            if not events:
                return Recorded(known.seq, happened=False)
            commit = Commit(
                commit_id=uuid4(),
                at=datetime.now(UTC),
                causation_id=cause,
                traceparent=telemetry.traceparent(),
                events=tuple(events),
            )
            try:
                seq = await self.log.append(contact(user, contact_id), commit, expected=known.seq)
            except Conflict:
                past = None
            else:
                return Recorded(seq, happened=True)
