"""Work is dispatched whatever an earlier attempt has left for it."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from shared.events import AttemptError
from shared.json import dumps
from shared.work import Report, Work
from sim.bus import SimBus
from sim.chance import Chance
from sim.loop import VirtualLoop
from sim.process import Process
from sim.processes import EPOCH, World, doors_of
from sim.run import USER
from sim.silence import silenced
from skill_runner.reporting import about

ID = UUID(int=1)
STEPS = [{"skill": "collect", "input": {"n": 1}}]
FAILED = AttemptError(code="rate_limited", message="later", retryable=True)


async def second_attempt(done: dict[str, Any], most: int) -> Work:
    """Let the first attempt fail with something done, on a bus that takes `most` bytes."""
    world = World(0)
    doors = doors_of(world, SimBus(world.server, Process("orchestrator", Chance(0))))
    body = dumps({"session_id": str(ID), "agent": "sim-agent", "steps": STEPS})
    await doors.ask(f"ask.{USER}.session.run", body, {})
    queue = world.server.streams["WORK"].messages
    first = Work.from_json(queue[0].body)
    report = Report(**about(first), error=FAILED, partial=done, items=(0,), started_at=EPOCH, duration_ms=1)
    aggregate, decided = await doors.reports._record(report.to_json())
    await doors.reports.follow.decided(aggregate, decided)
    doors.bus.max_payload = most
    await asyncio.sleep(5)
    assert all(len(message.body) <= most for message in queue)
    return Work.from_json(queue[-1].body)


@pytest.mark.parametrize(("size", "kept"), [(10, True), (5_000, False)])
def test_what_is_paid_for_goes_along_with_the_next_attempt_where_there_is_room(size: int, *, kept: bool):
    with silenced():
        work = VirtualLoop().run(second_attempt({"n": 1, "more": "x" * size}, 4_000))
    assert (work.attempt, work.done is not None) == (2, kept)
