"""Work and orders that nobody would send to a skill-runner: done, reported as failed, or a dead letter."""

import random
from typing import Any
from uuid import UUID

import pytest

from fuzz import Watch, bodies
from shared.delivery import Delivery, server_of
from sim.bus import Said, SimBus
from sim.chance import Chance
from sim.log import SimLog
from sim.loop import VirtualLoop
from sim.process import Process
from sim.processes import World
from sim.pull import Token
from sim.results import SimResults
from sim.silence import silenced
from sim.skills import SKILLS, SimEngine
from skill_runner.execution import Execution
from skill_runner.handlers import Handlers
from skill_runner.objections import Objections

ID = str(UUID(int=10))
WORK: dict[str, Any] = {
    "user": str(UUID(int=7)), "noun": "session", "id": ID, "step": 1, "attempt": 1, "attempt_id": ID,
    "skill": "add", "skill_hash": SKILLS["add"].hash, "pool": "custom", "input": {"n": 1}, "timeout_s": 4.0,
    "seq": 1, "log_seq": 1,
}  # fmt: skip
VALID = [WORK, {**WORK, "skill": "buy", "skill_hash": SKILLS["buy"].hash, "pool": "openai"}]
STOPS = [{"user": str(UUID(int=7))}, {"user": str(UUID(int=7)), "attempts": [ID]}]
WORKED, STOPPED = 3_000, 1_000
SLOWEST_S = 1.0
pytestmark = pytest.mark.usefixtures("steady")


@pytest.mark.parametrize("seed", range(4))
def test_any_work_is_run_reported_or_a_dead_letter_with_a_reason(seed: int):
    with silenced():
        watch = VirtualLoop().run(_worked(seed))
    assert watch.inputs == WORKED + STOPPED
    assert watch.slowest_s < SLOWEST_S
    assert watch.done > STOPPED / 4
    assert watch.codes["poison"] > WORKED / 4


async def _worked(seed: int) -> Watch:
    chance, watch, world = random.Random(seed), Watch(), World(seed)
    process = Process("runner", Chance(seed))
    bus = SimBus(world.server, process)
    engine: Any = SimEngine(process, world.chance, world.bill, set())
    engines = {"custom": engine, "openai": engine, "anthropic": engine}
    execution = Execution(
        world.registry(SimLog(bus)), world.vault, Objections(SimResults(bus), world.vault), engines, world.now
    )
    handlers = Handlers(bus, execution, "fuzz/1", 6.0, world.now)  # type: ignore[arg-type]
    durable = world.server.durables["custom"]
    for number, body in zip(range(1, WORKED + 1), bodies(chance, VALID), strict=False):
        token = Token(bus, durable, number, 1)
        await watch.see(
            handlers.work(Delivery("work.custom.add.x", body, {}, number, 1, token, server_of(token._client)))
        )
    for _, body in zip(range(STOPPED), bodies(chance, STOPS), strict=False):
        await watch.see(handlers.stop(Said(process, f"stop.{ID}", body, {}, None)))
    return watch
