"""A message of the log, and what it reads as."""

from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

from msgspec import Struct

from projector.changes import Change
from projector.rows import changes
from shared.commit import Commit, decode
from shared.direct_get import Entry
from shared.log import Recorded
from shared.message import Unreadable
from shared.subjects import Aggregate


class Reading(Struct, frozen=True):
    """An entry with what it changes; `fault` says why it changes nothing and holds no value of it."""

    entry: Entry
    aggregate: Aggregate | None = None
    commit: Commit | None = None
    changes: Sequence[Change] = ()
    fault: str | None = None

    @property
    def commit_id(self) -> UUID | None:
        return self.commit.commit_id if self.commit else None


def read(entry: Entry) -> Reading:
    """Decode and map; what cannot be read is a fault, not an error."""
    aggregate = commit = None
    try:
        aggregate = _aggregate(entry.subject)
        commit = decode(entry.body)
        found = changes(aggregate, Recorded(entry.seq, commit))
    except Unreadable as error:
        return Reading(entry, aggregate, fault=f"the commit cannot be read: {error}")
    except ValueError as error:
        return Reading(entry, aggregate, commit, fault=str(error))
    return Reading(entry, aggregate, commit, found)


_aggregate = lru_cache(maxsize=2_000)(Aggregate.parse)
