"""The orchestrator: subjects to handlers, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from orchestrator.commands import Commands
from orchestrator.definitions import Definitions
from orchestrator.doors import Doors
from orchestrator.follow import Follow
from orchestrator.open_sessions import ProjectedSessions
from orchestrator.reports import Reports
from orchestrator.sessions import Sessions
from orchestrator.starts import Starts
from orchestrator.sweep import Sweep
from orchestrator.timers import Timers
from orchestrator.traces import TraceExporter
from orchestrator.waited import Waited
from shared import streams
from shared.bus import Bus
from shared.jetstream_log import JetStreamLog
from shared.registry import Registry
from shared.service import Door, run
from shared.settings import Settings
from shared.vault import Vault, master_key

QUEUE = "orchestrator"


@asynccontextmanager
async def wire(bus: Bus, settings: Settings) -> AsyncIterator[Sequence[Door]]:
    await streams.check(bus)
    log = JetStreamLog(bus)
    vault = await Vault.connect(settings.database_url, master_key(settings))
    registry = await Registry.load(bus, log)
    sessions = Sessions(log)
    timers = Timers()
    follow = Follow(bus, sessions, timers, settings.ack_wait_s)
    reports = Reports(sessions, follow, settings.ack_wait_s)
    born = streams.born(await bus.client.jetstream().stream_info("CMD"))
    doors = Doors(bus, Commands(sessions, Starts(registry, vault), follow, log), reports, born)
    definitions = Definitions(log, registry)
    sweep = Sweep(bus, sessions, follow, ProjectedSessions(bus, settings.database_url))
    await bus.listen("report.*", reports.report, queue=QUEUE)
    await bus.listen("attempt.*.start", reports.claim, queue=QUEUE)
    await bus.listen("attempt.*.beat", reports.beat, queue=QUEUE)
    await bus.listen("attempt.*.beat", reports.hear_beat)
    await bus.listen("ops.skill.*", definitions.operate, queue=QUEUE)
    async with asyncio.TaskGroup() as loops:
        running = [
            loops.create_task(bus.consume("CMD", QUEUE, Waited(doors.queued).handle, in_flight=32)),
            loops.create_task(sweep.run()),
        ]
        if (exporter := TraceExporter.from_env()) is not None:
            running.append(loops.create_task(exporter.run(bus, log)))
        yield [
            Door("ask.*.session.*", doors.ask, "Run, cancel, retry a session, or read its events"),
            Door("ask.*.skill.*", doors.ask, "Run one skill alone, or read its events"),
        ]
        for task in running:
            task.cancel()
    timers.close()
    await vault.close()


def main() -> None:
    run("orchestrator", wire)
