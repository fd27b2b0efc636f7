"""Writes batches of the log: rows and checkpoint in one transaction, which the checkpoint fences."""

from collections.abc import Sequence
from contextlib import nullcontext
from uuid import UUID

import asyncpg
from msgspec import Struct

from projector.entry import Reading, read
from projector.runs import outstanding
from projector.spans import spans_over
from projector.waves import Misfit, Wave, waves
from projector.writing import Prepared, Step, prepare, write
from shared.direct_get import Entry
from shared.logs import get_logger

PARK = "INSERT INTO projection_errors (subject, seq, reason) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
UNSTORABLE = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    Misfit,
)
SWAPPED = (asyncpg.InternalServerError, asyncpg.CannotCoerceError)  # the types of rows went with their tables


class Fenced(Exception):  # noqa: N818 - the checkpoint's answer
    """The checkpoint is not where this projection left it, or of another epoch; nothing was written."""


class Projection:
    """Goes on from `seq`; a history that cannot be stored is parked, and stays so until a rebuild."""

    def __init__(self, connection: asyncpg.Connection, epoch: UUID, seq: int) -> None:
        self.connection = connection
        self.seq = seq
        self._epoch = epoch
        self._parked: frozenset[str] = frozenset()

    def is_connected(self) -> bool:
        return not self.connection.is_closed()

    async def resume(self) -> None:
        """Remember what was parked before."""
        rows = await self.connection.fetch("SELECT subject FROM projection_errors")
        self._parked = frozenset(row["subject"] for row in rows)

    async def follow(self, seq: int) -> None:
        """Go on where another projection of the same epoch is."""
        self.seq = seq
        await self.resume()

    async def project(self, batch: Sequence[Entry]) -> None:
        """Write the commits that follow on `seq`, in order."""
        readings = [read(entry) for entry in batch]
        with spans_over(readings):
            await self.write(readings)

    def ahead(self, readings: Sequence[Reading]) -> "Batch | None":
        """Work out what these readings come to, before their turn; None where something does not fit."""
        try:
            return Batch.of(readings, self._parked)
        except Misfit:
            return None

    async def write(self, readings: Sequence[Reading], ahead: "Batch | None" = None) -> None:
        """Write all at once, or in halves down to the one that cannot be stored, which is parked."""
        try:
            if ahead is None or ahead.parked_before != self._parked:
                ahead = Batch.of(readings, self._parked)
            await self._write(ahead)
        except UNSTORABLE as error:
            if len(readings) == 1:
                await self._write(Batch.of(readings, self._parked, fault=_reason(error)))
                return
            middle = len(readings) // 2
            await self.write(readings[:middle])
            await self.write(readings[middle:])

    async def _write(self, batch: "Batch") -> None:
        step = Step(self.seq, batch.last.entry.seq, batch.last.commit_id, self._epoch)
        try:
            async with nullcontext() if batch.in_one_go else self.connection.transaction():
                for wave in batch.waves:
                    await write(self.connection, wave, step)
                    step = step.done
                for reading, why in batch.parked.values():
                    await self._park(reading, why, step)
        except (asyncpg.CheckViolationError, *SWAPPED):
            await self._check_fence()
            raise
        self.seq = batch.last.entry.seq
        self._parked |= batch.parked.keys()
        for reading, why in batch.parked.values():
            get_logger().error(
                "a history is parked", subject=reading.entry.subject, seq=reading.entry.seq, reason=why
            )

    async def _check_fence(self) -> None:
        """Tell a checkpoint that somebody else has moved from a row that is not as it must be."""
        at = await self.connection.fetchrow("SELECT seq, epoch FROM checkpoint")
        if tuple(at) != (self.seq, self._epoch):
            raise Fenced

    async def _park(self, reading: Reading, why: str, step: Step) -> None:
        """Note why; a parked session is always looked after by the sweep, for nobody here sees it end."""
        await self.connection.execute(PARK, reading.entry.subject, reading.entry.seq, why)
        aggregate = reading.aggregate
        if aggregate is not None and aggregate.noun in ("session", "execution"):
            wave = Wave()
            open_ = outstanding(aggregate)
            wave.fate(open_.row).take(open_)
            await write(self.connection, prepare(wave), step)


class Batch(Struct, frozen=True):
    """What readings come to where some histories are parked before: waves, and the histories to be parked."""

    last: Reading
    waves: list[Prepared]
    parked: dict[str, tuple[Reading, str]]
    parked_before: frozenset[str]

    @classmethod
    def of(
        cls, readings: Sequence[Reading], parked_before: frozenset[str], *, fault: str | None = None
    ) -> "Batch":
        """Work it out; with a `fault` all are parked for it. Raises Misfit."""
        parked: dict[str, tuple[Reading, str]] = {}
        wanted: list[Reading] = []
        for reading in readings:
            subject = reading.entry.subject
            if subject in parked_before or subject in parked:
                continue
            if (why := fault or reading.fault) is not None:
                parked[subject] = (reading, why)
            else:
                wanted.append(reading)
        found = waves((reading.entry.subject, reading.changes) for reading in wanted)
        return cls(readings[-1], [prepare(wave) for wave in found], parked, parked_before)

    @property
    def in_one_go(self) -> bool:
        """Tell whether one statement does it all, which is a transaction of its own."""
        return len(self.waves) == 1 and not self.parked and self.waves[0].in_one_go


def _reason(error: Exception) -> str:
    """Say what is wrong without any value."""
    match error:
        case Misfit():
            return str(error)
        case asyncpg.CheckViolationError():
            return "a row is missing, there already, or another user's"
        case asyncpg.IntegrityConstraintViolationError():
            return f"{type(error).__name__}: {error.constraint_name or error.column_name}"
        case _:
            return f"a value that the tables cannot hold: {type(error).__name__}"
