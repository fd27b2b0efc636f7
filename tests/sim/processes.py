"""Orchestrators and skill-runners of a simulation: the real handlers, wired as their mains wire them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from orchestrator.budgets import Budgets
from orchestrator.claims import Claims
from orchestrator.commands import Commands
from orchestrator.doors import Doors
from orchestrator.follow import Follow
from orchestrator.keeping_back import KeepingBack
from orchestrator.ledgers import Ledgers
from orchestrator.reports import Reports
from orchestrator.sessions import Sessions
from orchestrator.settling import Settling
from orchestrator.starts import Starts
from orchestrator.sweep import Sweep
from orchestrator.timers import Timers
from shared import models
from shared.clock import Clock
from shared.json import dumps
from shared.keyring import Keyring
from shared.log import Past
from shared.memory_vault import MemoryVault
from shared.refusal import Refusal
from shared.registry import Registry, Skill
from shared.subjects import POOLS, Aggregate
from sim.bus import Said, SimBus
from sim.chance import Chance
from sim.histories import Histories
from sim.log import SimLog
from sim.process import NOT_AT_ALL, Process
from sim.results import SimResults
from sim.server import Server
from sim.skills import AGENTS, SKILLS, Bill, SimEngine
from skill_runner.answerers import Answerers
from skill_runner.cache import Cache
from skill_runner.execution import Execution
from skill_runner.handlers import Handlers
from skill_runner.objections import Objections

EPOCH = datetime(2026, 11, 1, tzinfo=UTC)
MIDNIGHT_S = 12
QUEUE = "orchestrator"
SHARES = (64, 1, 2)
KEYRING = Keyring(bytes(32))
ANSWERERS = Answerers(models.load(), {}, "http://local")


class SimRegistry(Registry):
    """Knows the skills as they were when its process began; of a newer version it hears, or asks for it."""

    def __init__(self, there: Mapping[str, Skill], log: SimLog) -> None:
        super().__init__(log)
        self._there = there
        self._agents = dict(AGENTS)
        self._skills = dict(there)

    async def refresh(self, aggregate: Aggregate) -> Past:
        found = await self._log.load(aggregate)
        self.hear()
        return found

    def hear(self) -> None:
        """Know what there is now."""
        self._skills |= self._there


class World:
    """What all processes of a run share; of four seeds one begins a moment before midnight."""

    def __init__(self, seed: int, *, ack_wait_s: float = 6.0) -> None:
        self.chance = Chance(seed)
        self.server = Server(self.chance, ack_wait_s)
        self.histories = Histories(self.server.streams["EVT"])
        self.bill = Bill()
        self.vault = MemoryVault(KEYRING)
        self.skills = {name: Skill((skill,)) for name, skill in SKILLS.items()}
        self.registries: list[SimRegistry] = []
        self.sweeping: Process | None = None
        self.processes: list[Process] = []
        self.skew_s = 0.0
        self._ids = Random(seed)
        self.share = SHARES[seed % len(SHARES)]
        self._begun = EPOCH.timestamp() - (MIDNIGHT_S if seed % 4 == 3 else 0)
        self._now = -1.0, EPOCH
        self._behind = timedelta()

    def put_back(self, by: timedelta) -> None:
        """Put the clock back; the loop's own, by which timers run, knows no such thing."""
        self._behind += by
        self._now = -1.0, EPOCH

    def now(self) -> datetime:
        """Return the time of the run's loop; it is asked for more often than it passes."""
        seconds = asyncio.get_running_loop().time()
        if seconds != self._now[0]:
            self._now = seconds, datetime.fromtimestamp(self._begun + seconds, UTC) - self._behind
        return self._now[1]

    def skew(self) -> timedelta:
        """Return how far a clock is ahead, or behind."""
        most = self.skew_s
        return timedelta(seconds=self.chance.random.uniform(-most, most)) if most else NOT_AT_ALL

    def clock_of(self, process: Process) -> Clock:
        """Return the clock of a process."""
        return lambda: self.now() + process.ahead

    def registry(self, log: SimLog) -> SimRegistry:
        """Return that of one process."""
        self.registries.append(SimRegistry(self.skills, log))
        return self.registries[-1]

    def new_id(self) -> UUID:
        return UUID(int=self._ids.getrandbits(128))


class EveryOpenSession:
    """Where the sweep looks: what of the log is open, held by one orchestrator at a time."""

    def __init__(self, world: World, process: Process) -> None:
        self._world = world
        self._process = process

    @asynccontextmanager
    async def held(self) -> AsyncIterator[list[Aggregate]]:
        await self._process.point()
        holder = self._world.sweeping
        if holder is not None and holder.alive:
            yield []
            return
        self._world.sweeping = self._process
        try:
            yield self._world.histories.open()
        finally:
            self._world.sweeping = None


def doors_of(world: World, bus: SimBus) -> Doors:
    """Wire what answers commands and reports."""
    log, clock = SimLog(bus), world.clock_of(bus.process)
    sessions = Sessions(log, clock, world.new_id)
    ledgers = Ledgers(log, clock, world.new_id)
    settling = Settling(ledgers, log, clock)
    follow = Follow(
        bus,  # type: ignore[arg-type]
        sessions,
        settling,
        Timers(clock),
        lease_s=world.server.ack_wait_s,
        most=dict.fromkeys(POOLS, world.share),
    )
    claims = Claims(sessions, ledgers, follow, world.server.ack_wait_s, clock)
    budgets = Budgets(ledgers, follow, clock)
    starts = Starts(world.registry(log), world.vault)
    commands = Commands(sessions, starts, follow, budgets, log)
    return Doors(bus, commands, Reports(sessions, follow, claims, clock), "")  # type: ignore[arg-type]


async def orchestrator(world: World, process: Process) -> None:
    bus = SimBus(world.server, process)
    doors = doors_of(world, bus)
    reports, follow = doors.reports, doors.commands.follow
    sweep = Sweep(bus, follow, reports.claims, follow.settling, EveryOpenSession(world, process))  # type: ignore[arg-type]

    async def ask(said: Said) -> None:
        try:
            answer = await doors.ask(said.subject, said.body, said.headers)
        except Refusal as refusal:
            answer = dumps(refusal.body())
        await said.answer(answer)

    await bus.listen("ask.*.session.*", ask, queue=QUEUE)
    await bus.listen("ask.*.skill.*", ask, queue=QUEUE)
    await bus.listen("ask.*.budget.*", ask, queue=QUEUE)
    await bus.listen("report.*", reports.report, queue=QUEUE)
    await bus.listen("attempt.*.start", reports.claim, queue=QUEUE)
    await bus.listen("attempt.*.defer", reports.defer, queue=QUEUE)
    await bus.listen("attempt.*.beat", reports.beat, queue=QUEUE)
    await bus.listen("attempt.*.beat", reports.hear_beat)
    bus.consume("CMD", QUEUE, doors.queued, in_flight=32)
    turns = asyncio.create_task(KeepingBack(bus, follow.shares, follow.dispatch_kept).run())
    await sweep.run()
    del turns


async def runner(world: World, process: Process) -> None:
    bus, clock = SimBus(world.server, process), world.clock_of(process)
    running: set[UUID] = set()
    engine: Any = SimEngine(process, world.chance, world.bill, running)
    registry = world.registry(SimLog(bus))
    results = SimResults(bus)
    objections = Objections(results, world.vault)
    execution = Execution(
        registry,
        world.vault,
        objections,
        {"custom": engine, "openai": engine, "anthropic": engine},
        clock,
    )
    cache = Cache(registry, world.vault, results, ANSWERERS, clock, objections=objections)
    handlers = Handlers(
        bus,  # type: ignore[arg-type]
        execution,
        process.name,
        world.server.ack_wait_s,
        clock,
        cache=cache,
    )
    await bus.listen("stop.*", handlers.stop)
    for pool in ("custom", "openai"):
        bus.consume("WORK", pool, handlers.work, in_flight=4)
    await process.died.wait()
    world.bill.orphaned |= running


async def kept(world: World, name: str, main: Any) -> None:
    """Start a process, and another one whenever it died."""
    number = 0
    while True:
        number += 1
        process = Process(f"{name}/{number}", world.chance)
        process.ahead = world.skew()
        world.processes.append(process)
        life = asyncio.create_task(main(world, process))
        await process.died.wait()
        world.server.bury(process)
        await asyncio.sleep(world.chance.random.uniform(0.2, 3.0))
        del life
