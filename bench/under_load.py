"""Rebuilds the projection of a large log: alone, then under live load and constant queries.

The log is filled with sessions of the bench's work as the decider decides them, and projected live. Each
rebuild is compared with the tables it replaces, at the same sequence, by a checksum over all of every row.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import uuid4

from bench import history, ours
from bench.history import EVENTS
from bench.meter import Meter
from bench.ours import Ours
from bench.reached import last_seq, log_at, tables_at
from bench.reads import Reads, reading
from bench.rebuilding import KNOWN, TABLES, raw
from bench.servers import fetch_value
from totalaud.door import connected
from totalaud.operator import Operator
from totalaud.stack import paths
from totalaud.stack.signals import interruptible

FAST, UNDER_LOAD, SHARE = 40_000, 20_000, 0.4
LOAD_S = 5.0
LEAD_S = 3.0
LOOK_S = 0.2
SUM = "SELECT count(*), sum(hashtextextended(t::text, 0)::numeric) FROM public.{} t"
SUMMED: dict[str, str | None] = {**TABLES, **dict.fromkeys(KNOWN)}
Sums = dict[str, tuple[int, int]]


@dataclass(slots=True)
class Told:
    """What came out, in the order in which it was measured."""

    events: int
    caught_up_events_per_s: float = 0
    alone_events_per_s: float = 0
    raw_events_per_s: float = 0
    raw_copy_events_per_s: float = 0
    under_load_events_per_s: float = 0
    load_events_per_s: float = 0
    reads: Reads = field(default_factory=Reads)
    equal: dict[str, bool] = field(default_factory=dict)
    cores: dict[str, dict[str, float]] = field(default_factory=dict)
    foreign_cores: dict[str, float] = field(default_factory=dict)

    @property
    def share_of_raw(self) -> float:
        return self.alone_events_per_s / self.raw_events_per_s if self.raw_events_per_s else 0

    @property
    def sound(self) -> bool:
        """Whether nothing failed, went back or differed; speed is another matter."""
        return (
            bool(self.reads.done) and not self.reads.failed + self.reads.backward and all(self.equal.values())
        )


async def run(told: Told, load: float, folder: Path) -> int:
    """Fill the log, then rebuild three times; returns 0."""
    events = told.events
    async with ours.running(folder / "data", "default") as stack:
        await stack.stack.halt("orchestrator")
        began = time.monotonic()
        await history.write(stack.stack.place.nats_url, history.histories(events // EVENTS, uuid4()))
        _say(f"the log has its {events:,} events after {time.monotonic() - began:.0f} s")
        await _caught_up(stack)
        told.caught_up_events_per_s = events / (time.monotonic() - began)
        await stack.stack.resume("orchestrator")
        await stack.check(events // EVENTS)
        _say("they are projected")
        told.alone_events_per_s = await _rebuilt(stack, told, "alone")
        found = await raw(stack.stack.place.database_url)
        told.raw_events_per_s, told.raw_copy_events_per_s = EVENTS * found.unnest, EVENTS * found.copy
        await _under_load(stack, told, load)
        await _rebuilt(stack, told, "after the load")
    return 0


async def _under_load(stack: Ours, told: Told, load: float) -> None:
    """Rebuild while sessions are run and rows are read; the rows of before must be the same after."""
    async with reading(stack.stack.place.database_url) as told.reads, _load(stack, load) as loaded:
        await asyncio.sleep(LEAD_S)
        upto = await _checkpoint(stack)
        before = await _sums(stack, upto)
        told.under_load_events_per_s = await _rebuild(stack, told, "under load")
        told.equal["under load"] = await _sums(stack, upto) == before
    told.load_events_per_s = loaded["sessions"] * EVENTS / loaded["seconds"]
    _say(f"{told.reads.done:,} reads, failed {told.reads.failed}, backward {told.reads.backward}")
    await _caught_up(stack)
    await stack.check(int(loaded["sessions"]))


@asynccontextmanager
async def _load(stack: Ours, events_per_s: float) -> AsyncIterator[dict[str, float]]:
    """Run so many sessions a second that their commits hold so many events; tells how many there were."""
    loaded = {"sessions": 0.0, "seconds": 0.0}
    enough = False

    async def keep_on() -> None:
        async with stack.driver() as driver:
            while not enough:
                done = await driver.ask(do="pace", seconds=LOAD_S, per_s=events_per_s / EVENTS)
                loaded["sessions"] += done["sessions"]
                loaded["seconds"] += done["ended"] - done["began"]

    async with asyncio.TaskGroup() as group:
        group.create_task(keep_on())
        try:
            yield loaded
        finally:
            enough = True


async def _rebuilt(stack: Ours, told: Told, name: str) -> float:
    """Rebuild with nothing else under way; every row must be the same afterwards."""
    before = await _sums(stack)
    speed = await _rebuild(stack, told, name)
    told.equal[name] = await _sums(stack) == before
    return speed


async def _rebuild(stack: Ours, told: Told, name: str) -> float:
    """Return how many events a second; the load's own among them."""
    async with connected(stack.stack.place.nats_url) as bus:
        meter = Meter(stack.groups)
        done = await Operator(bus).rebuild()
    spent = meter.spent()
    told.cores[name] = {one: round(used / spent.seconds, 2) for one, used in spent.cpu_s.items()}
    told.foreign_cores[name] = spent.foreign_cores
    speed = float(done["events"] * EVENTS / history.COMMITS / done["seconds"])
    _say(f"rebuilt {name}: {speed:,.0f} events/s, {done['seconds']} s")
    return speed


async def _sums(stack: Ours, upto: int | None = None) -> Sums:
    """Return rows and checksum of each table; with `upto`, of the sessions that had ended by then."""
    ended = f"SELECT id FROM public.agent_sessions WHERE status = 'completed' AND last_seq <= {upto}"
    async with (
        tables_at(stack.stack.place.database_url) as connection,
        connection.transaction(isolation="repeatable_read"),
    ):
        await connection.execute("SET LOCAL work_mem = '256MB'")
        found = {}
        for table, session in SUMMED.items():
            among = f"WHERE {session} IN ({ended})" if session and upto is not None else ""
            rows, total = await connection.fetchrow(f"{SUM.format(table)} {among}")
            found[table] = (rows, total)
        return found


async def _checkpoint(stack: Ours) -> int:
    return await fetch_value(stack.stack.place.database_url, "SELECT seq FROM checkpoint")


async def _caught_up(stack: Ours) -> None:
    """Return once the tables are as far as the log."""
    async with log_at(stack.stack.place.nats_url) as client:
        while await _checkpoint(stack) != await last_seq(client):
            await asyncio.sleep(LOOK_S)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _lines(told: Told) -> list[str]:
    reads = told.reads
    return [
        f"events in the log           {told.events:,}, {EVENTS} a session of {history.COMMITS} commits",
        f"caught up live, events/s    {told.caught_up_events_per_s:,.0f}",
        f"rebuilt alone, events/s     {told.alone_events_per_s:,.0f} (goal {FAST:,})",
        f"  beside raw asyncpg unnest {told.share_of_raw:.2f} of {told.raw_events_per_s:,.0f} (goal {SHARE})",
        f"  raw asyncpg COPY          {told.raw_copy_events_per_s:,.0f}",
        f"rebuilt under load          {told.under_load_events_per_s:,.0f} (goal {UNDER_LOAD:,})",
        f"  the load, events/s        {told.load_events_per_s:,.0f}",
        f"reads                       {reads.done:,}, failed {reads.failed}, backward {reads.backward}",
        *(f"  {one}" for one in reads.told),
        *(f"checksums {name:18}{'equal' if same else 'DIFFERENT'}" for name, same in told.equal.items()),
        *(f"cores {name:22}{cores}, others {told.foreign_cores[name]}" for name, cores in told.cores.items()),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.under_load", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="in the log (default: %(default)s)")
    parser.add_argument("--load", type=float, default=500, help="events/s meanwhile (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything as JSON")
    given = parser.parse_args(arguments)
    told = Told(given.events)
    code = 1
    with paths.throwaway("bench-rebuild") as folder:
        try:
            code = asyncio.run(interruptible(run(told, given.load, folder)))
        finally:
            print("\n".join(_lines(told)))
            if given.json:
                given.json.write_text(
                    json.dumps(asdict(told) | {"share_of_raw": told.share_of_raw}, indent=1)
                )
    return code or int(not told.sound)


if __name__ == "__main__":
    sys.exit(main())
