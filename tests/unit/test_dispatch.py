"""Work is dispatched whatever an earlier attempt has left for it."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from orchestrator.keeping_back import KeepingBack
from orchestrator.steps import attempt_id
from shared.events import AttemptError
from shared.json import dumps
from shared.subjects import session
from shared.work import Report, Work
from sim.bus import SimBus
from sim.chance import Chance
from sim.loop import VirtualLoop
from sim.process import Process
from sim.processes import EPOCH, World, doors_of
from sim.run import USER
from sim.silence import silenced
from skill_runner.reporting import about

ID, OTHER = UUID(int=1), UUID(int=2)
STEPS = [{"skill": "collect", "input": {"n": 1}}]
FAILED = AttemptError(code="rate_limited", message="later", retryable=True)


class Kept:
    """Two sessions of a user whose share of a queue is one: the second is kept back."""

    def __init__(self) -> None:
        self.world = World(0)
        self.world.share = 1
        self.doors = doors_of(self.world, SimBus(self.world.server, Process("orchestrator", Chance(0))))
        self.follow = self.doors.commands.follow

    async def run(self) -> None:
        for id_ in (ID, OTHER):
            body = dumps({"session_id": str(id_), "agent": "sim-agent", "steps": STEPS})
            await self.doors.ask(f"ask.{USER}.session.run", body, {})

    async def cancel(self, id_: UUID) -> None:
        await self.doors.ask(f"ask.{USER}.session.cancel", dumps({"session_id": str(id_)}), {})

    def dispatched(self) -> list[UUID]:
        return [Work.from_json(one.body).id for one in self.world.server.streams["WORK"].messages]


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


def test_a_sweep_dispatches_what_another_orchestrator_has_decided_and_not_followed_up():
    async def story() -> None:
        world = World(0)
        ours, other = (
            doors_of(world, SimBus(world.server, Process(f"orchestrator-{number}", Chance(0))))
            for number in (1, 2)
        )
        body = dumps({"session_id": str(ID), "agent": "sim-agent", "steps": STEPS * 2})
        await ours.ask(f"ask.{USER}.session.run", body, {})
        queue = world.server.streams["WORK"].messages
        first = Work.from_json(queue[0].body)
        report = Report(**about(first), output={"n": 2}, started_at=EPOCH, duration_ms=1)
        await other.reports._record(report.to_json())
        await ours.commands.follow.outstanding(session(USER, ID))
        assert [Work.from_json(one.body).step for one in queue] == [1, 2]

    with silenced():
        VirtualLoop().run(story())


def test_what_is_kept_back_has_its_turn_once_a_session_before_it_is_over():
    async def story() -> None:
        kept = Kept()
        bus: Any = kept.doors.bus
        turns = asyncio.create_task(KeepingBack(bus, kept.follow.shares, kept.follow.dispatch_kept).run())
        await kept.run()
        await asyncio.sleep(1)
        assert kept.dispatched() == [ID]
        await kept.cancel(ID)
        await asyncio.sleep(1)
        assert kept.dispatched() == [ID, OTHER]
        turns.cancel()

    with silenced():
        VirtualLoop().run(story())


def test_what_is_over_when_its_turn_comes_is_not_dispatched():
    async def story() -> None:
        kept = Kept()
        await kept.run()
        await kept.cancel(OTHER)
        await kept.follow.dispatch_kept(session(USER, OTHER), attempt_id(session(USER, OTHER).subject, 1, 1))
        assert kept.dispatched() == [ID]

    with silenced():
        VirtualLoop().run(story())


def test_a_turn_that_comes_while_nats_is_away_is_left_to_the_sweep():
    async def story() -> None:
        kept = Kept()
        kept.doors.bus.passes = unanswered  # type: ignore[method-assign]
        await kept.follow.dispatch_kept(session(USER, OTHER), ID)
        assert kept.follow.sweep_wanted.is_set()

    with silenced():
        VirtualLoop().run(story())


async def unanswered() -> bool:
    raise TimeoutError


def test_a_history_that_cannot_be_read_ends_nobody_s_turns():
    async def story() -> None:
        kept = Kept()
        novel = session(USER, OTHER)
        kept.world.server.streams["EVT"].append(novel.subject, b'{"events": [{"type": "Novel"}]}', {})
        await kept.follow.dispatch_kept(novel, ID)

    with silenced():
        VirtualLoop().run(story())
