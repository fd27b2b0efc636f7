"""One simulated run: sessions asked for, faults for a while, then calm until nothing is left to do."""

import asyncio
import gc
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from orchestrator.ledger import Ledger
from orchestrator.session import Session
from shared.registry import Skill
from shared.subjects import Aggregate, ledger
from sim.asked import ANYTHING, Asked, Focus
from sim.bus import SimBus
from sim.chance import CALM, Chance, Faults
from sim.loop import Stuck, VirtualLoop
from sim.process import Process
from sim.processes import EPOCH, World, kept, orchestrator, runner
from sim.skills import NEWER
from sim.users import User

USER, OTHER = UUID(int=7), UUID(int=8)
LEDGERS = {user: ledger(user) for user in (USER, OTHER)}
IDS = [uuid5(USER, str(number)) for number in range(3)]
SKEW_S = 60.0
HARMLESS = {"doubled", "behind"}
FAULTY_S, LONGEST_S, TAIL_S, LOOK_S = 20.0, 1800.0, 40.0, 2.0


class Run:
    """What happened: the world as it is at the end, and what was asked of it.

    `firsts` counts by aggregate and verb the answers that did not say `duplicate`.
    """

    def __init__(self, seed: int, focus: Focus) -> None:
        self.seed = seed
        self.focus = focus
        self.world = World(seed, ack_wait_s=focus.ack_wait_s)
        self.asked: dict[UUID, Asked] = {}
        self.accepted: set[UUID] = set()
        self.cancelled: set[UUID] = set()
        self.finished = False
        self.today = EPOCH.date()
        self.limited: set[UUID] = set()
        self.untrue: list[str] = []
        self.waits: list[tuple[float, str]] = []
        self.firsts: Counter[tuple[Aggregate, str]] = Counter()

    def ledger(self, user: UUID) -> Ledger:
        return self.world.histories.ledger(LEDGERS[user]).state

    @property
    def is_calm(self) -> bool:
        """Whether nothing was lost or late in it and nobody died."""
        server = self.world.server
        if self.world.skew_s:
            return False
        return server.starts == 1 and not server.elected_at and not set(server.chance.struck) - HARMLESS

    def keeps_waiting(self, state: Session, asked: Asked) -> bool:
        """Whether a session waits for a person, or for money that its limit does not leave."""
        if state.waiting_on == "in_doubt":
            return True
        if state.waiting_on != "budget" or state.stopped is None or asked.aggregate.user is None:
            return False
        if state.stopped.scope == "session":
            return asked.limited and not state.purse.has(state.stopped.asked_usd)
        purse = self.ledger(asked.aggregate.user).purse(state.stopped.scope, self.today)
        return asked.aggregate.user in self.limited and not purse.has(state.stopped.asked_usd)

    @property
    def digest(self) -> str:
        """A hash of the whole log: two runs of a seed have the same."""
        whole = sha256()
        for message in self.world.server.streams["EVT"].messages:
            whole.update(message.subject.encode() + b"\0" + message.body + b"\n")
        return whole.hexdigest()


def run(seed: int, focus: Focus = ANYTHING) -> Run:
    """Simulate one seed to its end; what it leaves behind is freed without looking for it."""
    found = Run(seed, focus)
    played(found, _live(found))
    return found


def played(found: Run, life: Coroutine[Any, Any, None]) -> None:
    """Live it in a time of its own."""
    with uncollected():
        try:
            VirtualLoop().run(life)
        except Stuck:
            found.finished = False
        found.world.server.close()


@contextmanager
def uncollected() -> Iterator[None]:
    """Have nobody look for garbage: what it finds would run its last blocks in the middle of a run."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


async def _live(found: Run) -> None:
    world, random = found.world, found.world.chance.random
    world.chance.faults = found.focus.faults or Faults(
        crash=random.choice((0, 0.001, 0.005, 0.02)),
        lost=random.choice((0, 0.01, 0.05)),
        lost_ack=random.choice((0, 0.01, 0.1)),
        doubled=random.choice((0, 0.02, 0.2)),
        slow=random.choice((0, 0.02)),
        behind=random.choice((0, 0, 0.2)),
    )
    is_calm = random.random() < found.focus.calm and found.focus.faults is None
    if is_calm:
        world.chance.faults = replace(CALM, **{one: getattr(world.chance.faults, one) for one in HARMLESS})
    world.server.is_cluster = world.chance.faults.behind > 0
    tasks = [asyncio.create_task(kept(world, f"orchestrator-{n}", orchestrator)) for n in (1, 2)]
    tasks += [asyncio.create_task(kept(world, f"runner-{n}", runner)) for n in (1, 2, 3)]
    client = SimBus(world.server, Process("client", Chance(0)))
    users = [User(found, client, user) for user in LEDGERS]
    asking = [asyncio.create_task(user.limit()) for user in users if random.random() < found.focus.limited]
    if not is_calm and random.random() < 0.3:
        tasks.append(asyncio.create_task(_elections(world)))
    if not is_calm and random.random() < 0.1:
        world.skew_s = SKEW_S
        tasks.append(asyncio.create_task(_clocks(world)))
    if not is_calm and random.random() < found.focus.restarts:
        tasks.append(asyncio.create_task(_restarts(world)))
    if is_calm and random.random() < 0.5:
        tasks.append(asyncio.create_task(_deaths(world)))
    if random.random() < found.focus.released:
        tasks.append(asyncio.create_task(_release(world)))
    ids = IDS[: random.randint(1, len(IDS))]
    asking += [asyncio.create_task(users[random.random() < 0.3].use(id_)) for id_ in ids]
    await asyncio.sleep(FAULTY_S)
    world.chance.faults = CALM
    loop = asyncio.get_running_loop()
    while loop.time() < LONGEST_S:
        await asyncio.sleep(LOOK_S)
        if _quiet(found):
            await asyncio.sleep(TAIL_S)
            if _quiet(found):
                found.finished = True
                break
    found.untrue += [
        f"a user fell over: {one.exception()!r}" for one in asking if one.done() and one.exception()
    ]


async def _restarts(world: World) -> None:
    """The server is killed now and then, and what it had not written of the work is lost."""
    random, loop = world.chance.random, asyncio.get_running_loop()
    while loop.time() < FAULTY_S:
        await asyncio.sleep(random.uniform(0, 8))
        world.server.restart(random.randint(0, 3))


async def _deaths(world: World) -> None:
    """Runners die now and then, while all else is well."""
    random, loop = world.chance.random, asyncio.get_running_loop()
    while loop.time() < FAULTY_S:
        await asyncio.sleep(random.uniform(0, 8))
        random.choice([one for one in world.processes if one.name.startswith("runner")]).kill()
        world.chance.struck["crash"] += 1


async def _clocks(world: World) -> None:
    """The clocks of processes jump now and then."""
    random, loop = world.chance.random, asyncio.get_running_loop()
    while loop.time() < FAULTY_S:
        await asyncio.sleep(random.uniform(0, 8))
        random.choice(world.processes).ahead = world.skew()


async def _release(world: World) -> None:
    """A newer version of each skill comes in; one process after the other hears of it, some never do."""
    random = world.chance.random
    await asyncio.sleep(random.uniform(0, 12))
    for name, newer in NEWER.items():
        world.skills[name] = Skill((*world.skills[name].versions, newer))
    for registry in random.sample(world.registries, k=random.randint(0, len(world.registries))):
        await asyncio.sleep(random.uniform(0, 2))
        registry.hear()


async def _elections(world: World) -> None:
    """The streams have no leader now and then, while all else goes on."""
    random, loop = world.chance.random, asyncio.get_running_loop()
    while loop.time() < FAULTY_S:
        await asyncio.sleep(random.uniform(0, 8))
        world.server.elected_at = loop.time() + random.uniform(0, 12)


def _quiet(found: Run) -> bool:
    server = found.world.server
    found.today = found.world.now().date()
    if any(durable.held for durable in server.durables.values()):
        return False
    if any(found.ledger(user).open for user in LEDGERS):
        return False
    return all(id_ in found.accepted and _rests(found, asked) for id_, asked in found.asked.items())


def _rests(found: Run, asked: Asked) -> bool:
    """Whether a session has ended, or waits for money that nobody gives."""
    state = found.world.histories.session(asked.aggregate).state
    return state.ended or found.keeps_waiting(state, asked)
