"""Writes batches of the log: rows and checkpoint in one transaction, which the checkpoint fences."""

from collections.abc import Sequence
from contextlib import nullcontext
from uuid import UUID

import asyncpg

from projector.entry import Reading, read
from projector.runs import outstanding
from projector.spans import spans_over
from projector.waves import Misfit, Wave, waves
from projector.writing import Step, in_one_go, write
from shared.direct_get import Entry
from shared.logs import get_logger

PARK = "INSERT INTO projection_errors (subject, seq, reason) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
UNSTORABLE = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
    Misfit,
)


class Fenced(Exception):  # noqa: N818 - the checkpoint's answer
    """The checkpoint is not where this projection left it, or of another epoch; nothing was written."""


class Projection:
    """Goes on from `seq`; a history that cannot be stored is parked, and stays so until a rebuild."""

    def __init__(self, connection: asyncpg.Connection, epoch: UUID, seq: int) -> None:
        self.connection = connection
        self.seq = seq
        self._epoch = epoch
        self._parked: set[str] = set()

    async def resume(self) -> None:
        """Remember what was parked before."""
        rows = await self.connection.fetch("SELECT subject FROM projection_errors")
        self._parked = {row["subject"] for row in rows}

    async def follow(self, seq: int) -> None:
        """Go on where another projection of the same epoch is."""
        self.seq = seq
        await self.resume()

    async def project(self, batch: Sequence[Entry]) -> None:
        """Write the commits that follow on `seq`, in order."""
        readings = [read(entry) for entry in batch]
        with spans_over(readings):
            await self.write(readings)

    async def write(self, readings: list[Reading]) -> None:
        """Write all at once, or in halves down to the one that cannot be stored, which is parked."""
        try:
            await self._write(readings)
        except UNSTORABLE as error:
            if len(readings) == 1:
                await self._write(readings, fault=_reason(error))
                return
            middle = len(readings) // 2
            await self.write(readings[:middle])
            await self.write(readings[middle:])

    async def _write(self, readings: list[Reading], fault: str | None = None) -> None:
        parked: dict[str, tuple[Reading, str]] = {}
        wanted: list[Reading] = []
        for reading in readings:
            subject = reading.entry.subject
            if subject in self._parked or subject in parked:
                continue
            if (why := fault or reading.fault) is not None:
                parked[subject] = (reading, why)
            else:
                wanted.append(reading)
        last = readings[-1]
        found = waves((reading.entry.subject, reading.changes) for reading in wanted)
        step = Step(self.seq, last.entry.seq, last.commit_id, self._epoch)
        alone = len(found) == 1 and not parked and in_one_go(found[0])
        try:
            async with nullcontext() if alone else self.connection.transaction():
                for wave in found:
                    await write(self.connection, wave, step)
                    step = step.done
                for reading, why in parked.values():
                    await self._park(reading, why, step)
        except asyncpg.CheckViolationError:
            await self._check_fence()
            raise
        self.seq = last.entry.seq
        self._parked |= parked.keys()
        for reading, why in parked.values():
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
            await write(self.connection, wave, step)


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


__all__ = ["Fenced", "Projection", "read"]
