"""From the start of a skill-runner's process to its first work."""

import asyncio
import time
from uuid import UUID

from bench.meter import Meter
from bench.ours import RUNNERS, Ours
from bench.reached import last_seq, log_at, tables_at
from bench.results import FirstWork

LOOK_EVERY_S = 0.02
NEWEST = "SELECT id FROM agent_sessions ORDER BY created_at DESC LIMIT 1"
FIRST_WORK = "SELECT extract(epoch FROM min(started_at)) FROM skill_executions WHERE agent_session_id = $1"


async def first_work(ours: Ours) -> FirstWork:
    """Start a runner where work waits for one, and see when it began with it."""
    meter = Meter({})
    await ours.stack.halt(RUNNERS[0])
    before = await _asked(ours)
    async with ours.driver() as driver:
        session = asyncio.create_task(driver.ask(do="one_by_one", sessions=1))
        await _more_than(ours, before)
        began = time.time()
        await ours.stack.resume(RUNNERS[0])
        await session
    await ours.check(1)
    seconds = await _first_work(ours) - began
    return FirstWork(seconds, meter.spent().foreign_cores)


async def _more_than(ours: Ours, asked: int) -> None:
    while await _asked(ours) <= asked:
        await asyncio.sleep(LOOK_EVERY_S)


async def _asked(ours: Ours) -> int:
    """Return how much work was ever asked for."""
    async with log_at(ours.stack.place.nats_url) as client:
        return await last_seq(client, "WORK")


async def _first_work(ours: Ours) -> float:
    async with tables_at(ours.stack.place.database_url) as connection:
        newest: UUID = await connection.fetchval(NEWEST)
        return float(await connection.fetchval(FIRST_WORK, newest))
