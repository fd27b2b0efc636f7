"""A runner that fails at an attempt itself, each time, ends it before its work becomes a dead letter."""

import asyncio
from types import SimpleNamespace
from uuid import uuid4

from controls import work
from runnerstage import ACK_WAIT_S, Orchestrator
from shared import subjects
from shared.bus import Bus
from shared.pull import Puller
from shared.work import Work
from skill_runner.execution import Ready
from skill_runner.handlers import Handlers


async def prepare(work: Work) -> Ready:
    raise KeyError(work.skill)


def custom_work() -> Work:
    return work(id=uuid4(), attempt_id=uuid4(), skill="echo")


async def test_an_attempt_that_the_runner_fails_at_each_time_is_reported_and_its_work_buried(
    bus: Bus,
) -> None:
    orchestrator = Orchestrator(bus)
    await bus.listen("report.*", orchestrator.report)
    handlers = Handlers(bus, SimpleNamespace(prepare=prepare), "runner", ACK_WAIT_S)
    loop = asyncio.create_task(
        Puller(bus, "WORK", "custom", handlers.work, in_flight=4, given_up=handlers.give_up).run()
    )
    work = custom_work()
    await bus.publish(subjects.work(work.pool, work.skill, work.attempt_id), work.to_json())
    report = await orchestrator.next(30)
    assert (report.attempt_id, report.unclaimed) == (work.attempt_id, True)
    assert report.error is not None
    assert (report.error.code, report.error.retryable) == ("runner_error", False)
    async with asyncio.timeout(10):
        while not (await bus.client.jetstream().stream_info("DLQ")).state.messages:
            await asyncio.sleep(0.05)
    assert orchestrator.reports.empty()
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)
