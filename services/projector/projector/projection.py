"""Writes batches of the log into the tables: rows and checkpoint in one fenced transaction."""

from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
from pydantic import ValidationError

from projector.reader import Entry
from projector.rows import changes
from projector.statements import runs, statements
from shared.commit import Commit, decode
from shared.log import Recorded
from shared.logs import get_logger
from shared.subjects import Aggregate

FENCE = "UPDATE checkpoint SET seq = $2, commit_id = $3 WHERE seq = $1 AND epoch = $4"
PARK = """
INSERT INTO projection_errors (subject, seq, reason) VALUES ($1, $2, $3) ON CONFLICT (subject) DO NOTHING
"""
BAD_DATA = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    asyncpg.UntranslatableCharacterError,
)


class Fenced(Exception):  # noqa: N818 - a state
    """Another projector has taken over."""


@dataclass(frozen=True, slots=True)
class Read:
    """An entry decoded; `commit` None: it cannot be, `reason` says why."""

    entry: Entry
    aggregate: Aggregate | None
    commit: Commit | None
    reason: str = ""


@dataclass
class Projection:
    """The tables of one schema, up to `seq`. `parked` are subjects that failed; all else goes on."""

    connection: asyncpg.Connection
    epoch: UUID
    seq: int
    parked: set[str] = field(default_factory=set)

    async def load_parked(self) -> None:
        self.parked = {
            row["subject"] for row in await self.connection.fetch("SELECT subject FROM projection_errors")
        }

    async def take(self, batch: list[Read]) -> None:
        """Project a batch; one with a commit that cannot be is halved until that one is alone, and parked."""
        try:
            await self._write(batch)
        except BAD_DATA as error:
            if len(batch) > 1:
                middle = len(batch) // 2
                await self.take(batch[:middle])
                await self.take(batch[middle:])
            else:
                await self._park(batch[0], f"{type(error).__name__} {error.sqlstate}")

    async def _write(self, batch: list[Read]) -> None:
        last = batch[-1]
        bad = [read for read in batch if read.commit is None]
        wanted = [
            changes(read.aggregate, Recorded(read.entry.seq, read.commit))
            for read in batch
            if read.aggregate and read.commit and read.entry.subject not in self.parked
        ]
        async with self.connection.transaction():
            await self._move(last.entry.seq, last.commit.commit_id if last.commit else None)
            for run in runs(wanted):
                for statement in statements(run):
                    await self.connection.execute(statement.sql, statement.value)
            for read in bad:
                await self.connection.execute(PARK, read.entry.subject, read.entry.seq, read.reason)
            await self.connection.execute("SELECT pg_notify('projection', $1)", str(last.entry.seq))
        self.seq = last.entry.seq
        self._parked(bad)

    async def _park(self, read: Read, reason: str) -> None:
        async with self.connection.transaction():
            await self._move(read.entry.seq, read.commit.commit_id if read.commit else None)
            await self.connection.execute(PARK, read.entry.subject, read.entry.seq, reason)
        self.seq = read.entry.seq
        self._parked([read], reason)

    def _parked(self, reads: list[Read], reason: str = "") -> None:
        for read in reads:
            self.parked.add(read.entry.subject)
            get_logger().error(
                "parked: not projected until a rebuild", seq=read.entry.seq, reason=reason or read.reason
            )

    async def _move(self, seq: int, commit_id: UUID | None) -> None:
        moved = await self.connection.execute(FENCE, self.seq, seq, commit_id, self.epoch)
        if moved != "UPDATE 1":
            raise Fenced


def read(entry: Entry) -> Read:
    """Decode an entry as far as it can be."""
    try:
        return Read(entry, Aggregate.parse(entry.subject), decode(entry.body))
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        return Read(entry, None, None, f"not a commit: {where}")
    except ValueError:
        return Read(entry, None, None, "not a subject of the log")
