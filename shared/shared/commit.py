"""One decision = one commit = one message: the events it made, and who, when and why around them."""

from datetime import datetime
from uuid import UUID

from shared.events import ENDED, AnyEvent, AttemptReportedLate
from shared.message import Stored
from shared.subjects import Aggregate

ENDING = ENDED | {AttemptReportedLate}


class Commit(Stored, frozen=True, kw_only=True):
    """The envelope. `causation_id` names the command, attempt or timer; `traceparent` is the W3C context."""

    commit_id: UUID
    at: datetime
    causation_id: str | None = None
    traceparent: str | None = None
    events: tuple[AnyEvent, ...]

    @property
    def ends(self) -> bool:
        """Whether a life of a session ends with it, or a report comes after the end: a trace is told then."""
        return any(type(event) in ENDING for event in self.events)

    def encode(self, aggregate: Aggregate) -> bytes:
        """Write the stored and live form; it names its aggregate (`session_id`) for readers of the feed."""
        identity = f'{{"{aggregate.noun}_id":"{aggregate.id}",'.encode()
        return identity + self.to_json()[1:]


def decode(body: bytes) -> Commit:
    """Read the stored form; raises as `Stored.from_json`."""
    return Commit.from_json(body)
