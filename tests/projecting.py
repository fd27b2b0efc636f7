"""What the tests of a projection share: a log that is only told, and what happens in it."""

from uuid import UUID, uuid4

from controls import NOW, SESSION, USER, later
from histories import Written, definitions
from projector.entry import Reading, read
from shared import subjects
from shared.commit import Commit
from shared.direct_get import Entry
from shared.events import AnyEvent
from shared.record_events import ContactImported, OutreachRecorded
from shared.subjects import Aggregate

RUN = subjects.session(USER, SESSION)
CAMPAIGN = UUID(int=32)
SENT = OutreachRecorded(outreach_id=UUID(int=33), contact_id=UUID(int=5), kind="sent", at=NOW)
PERSON, OTHER = (subjects.contact(USER, UUID(int=number)) for number in (5, 6))
EPOCH = UUID(int=77)
IMPORTED = ContactImported(outlet="Tees Sample FM", fingerprint="one")
PARKED = "SELECT array_agg(seq || ' ' || reason ORDER BY seq) FROM projection_errors"


class Told:
    """Commits one behind the other, the definitions first."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.write(*definitions())

    def write(self, *written: Written) -> None:
        for aggregate, commit in written:
            self.entries.append(Entry(len(self.entries) + 1, aggregate.subject, commit.encode(aggregate)))

    def happens(self, aggregate: Aggregate, *events: AnyEvent) -> int:
        self.write((aggregate, Commit(commit_id=uuid4(), at=later(len(self.entries)), events=events)))
        return len(self.entries)

    def readings(self, after: int = 0) -> list[Reading]:
        return [read(entry) for entry in self.entries[after:]]
