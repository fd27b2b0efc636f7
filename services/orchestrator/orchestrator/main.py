"""The orchestrator: subjects to handlers, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from orchestrator.budgets import Budgets
from orchestrator.claims import Claims
from orchestrator.commands import Commands
from orchestrator.definitions import OPERATED, Definitions
from orchestrator.doors import Doors
from orchestrator.follow import Follow
from orchestrator.keeping_back import KeepingBack
from orchestrator.ledgers import Ledgers
from orchestrator.open_sessions import ProjectedSessions
from orchestrator.pools import Pools
from orchestrator.reports import Reports
from orchestrator.sessions import Sessions
from orchestrator.settling import Settling
from orchestrator.starts import Starts
from orchestrator.sweep import Sweep
from orchestrator.timers import Timers
from orchestrator.traces import TraceExporter
from orchestrator.waited import Waited
from shared import streams
from shared.bus import Bus
from shared.counts import measured_by
from shared.doors import Door
from shared.forgetting import vault_of
from shared.jetstream_log import JetStreamLog
from shared.pull import Puller
from shared.registry import Registry
from shared.service import run
from shared.settings import Settings

QUEUE = "orchestrator"


@asynccontextmanager
async def wire(bus: Bus, settings: Settings) -> AsyncIterator[Sequence[Door]]:
    await streams.check(bus)
    log = JetStreamLog(bus)
    vault = await vault_of(bus, settings)
    registry = await Registry.load(bus, log)
    exporter = TraceExporter.from_env()
    sessions = Sessions(log, appended=exporter.appended) if exporter else Sessions(log)
    timers = Timers()
    ledgers = Ledgers(log)
    settling = Settling(ledgers, log)
    follow = Follow(bus, sessions, settling, timers, lease_s=settings.ack_wait_s)
    claims = Claims(sessions, ledgers, follow, settings.ack_wait_s)
    reports = Reports(sessions, follow, claims)
    commands = Commands(sessions, Starts(registry, vault), follow, Budgets(ledgers, follow), log)
    born = streams.born(await streams.info(bus, "CMD"))
    doors = Doors(bus, commands, reports, born)
    definitions = Definitions(log, registry)
    open_sessions = ProjectedSessions(bus, settings.database_url)
    sweep = Sweep(bus, follow, claims, settling, open_sessions)
    pools = Pools(bus)
    measured_by(pools.measure)
    await bus.listen("report.*", reports.report, queue=QUEUE)
    await bus.listen("attempt.*.start", reports.claim, queue=QUEUE)
    await bus.listen("attempt.*.defer", reports.defer, queue=QUEUE)
    await bus.listen("attempt.*.beat", reports.beat, queue=QUEUE)
    await bus.listen("attempt.*.beat", reports.hear_beat)
    await bus.listen(OPERATED, definitions.operate, queue=QUEUE)
    async with asyncio.TaskGroup() as loops:
        running = [
            loops.create_task(Puller(bus, "CMD", QUEUE, Waited(doors.queued).handle, in_flight=32).run()),
            loops.create_task(sweep.run()),
            loops.create_task(pools.run()),
            loops.create_task(KeepingBack(bus, follow.shares, follow.dispatch_kept).run()),
        ]
        if exporter is not None:
            running.append(loops.create_task(exporter.run(bus, log)))
        yield [
            Door("ask.*.session.*", doors.ask, "Run, cancel, retry a session, or read its events"),
            Door("ask.*.skill.*", doors.ask, "Run or cancel one skill alone, or read its events"),
            Door("ask.*.budget.*", doors.ask, "Set what may be spent, or read what is left"),
        ]
        for task in running:
            task.cancel()
    timers.close()
    await vault.close()


def main() -> None:
    run("orchestrator", wire)
