"""The read model of a run: the projector's own changes and waves, batch by batch, with crashes between.

Only the statements are not PostgreSQL's here: each wave is applied to rows in memory, all or nothing, the
checkpoint with them.
"""

from collections.abc import Iterable, Iterator
from random import Random
from typing import Any

from projector.changes import Alter, Row
from projector.entry import Reading
from projector.fold import Fold, _Unfit
from projector.rows import changes
from projector.tables import names
from projector.waves import Misfit, Wave, waves
from shared.direct_get import Entry
from sim.agreement import disagreements
from sim.run import Run
from sim.skills import AGENTS, SKILLS
from sim.streams import Stored, aggregate_of

TABLES = names()


class Tables:
    """Rows and the checkpoint, written together."""

    def __init__(self) -> None:
        self.rows = _primed()
        self.checkpoint = 0

    def write(self, upto: int, found: Iterable[Wave], *, lost: bool) -> None:
        """Apply and move the checkpoint; a transaction that is lost leaves both as they were."""
        if lost:
            return
        for wave in found:
            _apply(self.rows, wave)
        self.checkpoint = upto


def differences(run: Run) -> Iterator[str]:
    """Project the run's log in random batches, some lost, and compare with the log folded in one go."""
    try:
        yield from _differences(run)
    except (Misfit, _Unfit) as misfit:
        yield f"a commit does not fit the rows: {misfit}"


def _differences(run: Run) -> Iterator[str]:
    readings = [_reading(message) for message in run.world.server.streams["EVT"].messages]
    folded = _primed()
    for reading in readings:
        folded.take(reading)
    projected = project(readings, Random(run.seed))
    yield from (f"a commit cannot be projected: {subject}" for subject in folded.parked)
    for table, rows in folded.tables.items():
        if rows != projected.rows.tables[table]:
            yield f"{table} is not what the folded log says"
    yield from disagreements(run, folded)


def project(readings: list[Reading], random: Random) -> Tables:
    """Read from the checkpoint on and write, as the projector does, until all is written."""
    tables = Tables()
    while tables.checkpoint < len(readings):
        batch = readings[tables.checkpoint : tables.checkpoint + random.randint(1, 8)]
        found = waves((reading.entry.subject, reading.changes) for reading in batch)
        tables.write(tables.checkpoint + len(batch), found, lost=random.random() < 0.1)
    return tables


def _apply(rows: Fold, wave: Wave) -> None:
    for table in TABLES:
        for row, fate in wave.tables.get(table, {}).items():
            _write(rows, table, row, fate)
    for change in (*wave.spread, *wave.doubts.values()):
        rows._apply(change)


def _write(rows: Fold, table: str, row: Row, fate: Any) -> None:
    stored = rows.tables[table]
    if fate.added is not None:
        if row.key in stored:
            raise Misfit(f"a row of {table} is there already")
        rows._put(row, dict(fate.added))
    if fate.ensured is not None and row.key not in stored:
        rows._put(row, dict(fate.ensured))
    if fate.altered:
        rows._apply(Alter(row, fate.values, fate.amounts))
    if fate.removed:
        stored.pop(row.key, None)


def _primed() -> Fold:
    """Return tables that know the skills and the agents: rows of a session refer to them."""
    made = Fold()
    made.tables["skills"] = {name: {"name": name} for name in SKILLS}
    made.tables["agents"] = {name: {"name": name} for name in AGENTS}
    return made


def _reading(message: Stored) -> Reading:
    """Map a commit that was decoded when it was loaded."""
    aggregate, recorded = aggregate_of(message.subject), message.recorded
    entry = Entry(message.seq, message.subject, message.body)
    return Reading(entry, aggregate, recorded.commit, tuple(changes(aggregate, recorded)))
