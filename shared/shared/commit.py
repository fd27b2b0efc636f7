"""One decision = one commit = one message: the events it made, and who, when and why around them."""

from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter

from shared.events import Event
from shared.message import Stored
from shared.subjects import Aggregate


class Commit(Stored):
    """The envelope. `causation_id` names the command, attempt or timer; `traceparent` is the W3C context."""

    commit_id: UUID
    at: datetime
    causation_id: str | None = None
    traceparent: str | None = None
    events: tuple[Event, ...]

    def encode(self, aggregate: Aggregate) -> bytes:
        """Write the stored and live form; it names its aggregate (`session_id`) for readers of the feed."""
        identity = f'{{"{aggregate.noun}_id":"{aggregate.id}",'.encode()
        return identity + _COMMIT.dump_json(self, exclude_none=True)[1:]


_COMMIT = TypeAdapter(Commit)


def decode(body: bytes) -> Commit:
    """Read the stored form."""
    return _COMMIT.validate_json(body)
