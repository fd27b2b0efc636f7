"""One simulated run: sessions asked for, faults for a while, then calm until nothing is left to do."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from uuid import UUID, uuid5

from msgspec import json

from orchestrator.session import Session
from shared.json import dumps
from shared.subjects import Aggregate, execution, ledger, session
from sim.bus import SimBus
from sim.chance import CALM, Chance, Faults
from sim.loop import Stuck, VirtualLoop
from sim.process import Process
from sim.processes import World, kept, orchestrator, runner
from sim.skills import MOST, SKILLS

USER = UUID(int=7)
LEDGER = ledger(USER)
IDS = [uuid5(USER, str(number)) for number in range(3)]
FAULTY_S, LONGEST_S, TAIL_S, LOOK_S = 20.0, 1800.0, 40.0, 2.0


@dataclass
class Asked:
    """A session, or a skill alone: whether its start is a bad one, and whether its own limit still holds."""

    aggregate: Aggregate
    bad: bool
    limited: bool


@dataclass(frozen=True)
class Focus:
    """What runs are to be about; what is not given is drawn by the seed."""

    skills: tuple[str, ...] = tuple(SKILLS)
    faults: Faults | None = None
    cancelled: float = 0.2
    alone: float = 0.2
    restarts: float = 0.3


ANYTHING = Focus()


class Run:
    """What happened: the world as it is at the end, and what was asked of it."""

    def __init__(self, seed: int, focus: Focus) -> None:
        self.seed = seed
        self.focus = focus
        self.world = World(seed)
        self.asked: dict[UUID, Asked] = {}
        self.accepted: set[UUID] = set()
        self.cancelled: set[UUID] = set()
        self.finished = False
        self.unlimited = True

    def keeps_waiting(self, state: Session, asked: Asked) -> bool:
        """Whether a session waits for money, and the limit that stopped it still holds."""
        if state.waiting_on != "budget" or state.stopped is None:
            return False
        return asked.limited if state.stopped.scope == "session" else not self.unlimited

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
    with uncollected():
        try:
            VirtualLoop().run(_live(found))
        except Stuck:
            found.finished = False
        found.world.server.close()
    return found


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
    world.server.is_cluster = world.chance.faults.behind > 0
    tasks = [asyncio.create_task(kept(world, f"orchestrator-{n}", orchestrator)) for n in (1, 2)]
    tasks += [asyncio.create_task(kept(world, f"runner-{n}", runner)) for n in (1, 2, 3)]
    client = SimBus(world.server, Process("client", Chance(0)))
    if random.random() < 0.4:
        tasks.append(asyncio.create_task(_limit(found, client)))
    if random.random() < 0.3:
        tasks.append(asyncio.create_task(_elections(world)))
    if random.random() < found.focus.restarts:
        tasks.append(asyncio.create_task(_restarts(world)))
    for id_ in IDS[: random.randint(1, len(IDS))]:
        tasks.append(asyncio.create_task(_use(found, client, id_)))
    await asyncio.sleep(FAULTY_S)
    world.chance.faults = CALM
    loop = asyncio.get_running_loop()
    while loop.time() < LONGEST_S:
        await asyncio.sleep(LOOK_S)
        if _quiet(found):
            await asyncio.sleep(TAIL_S)
            if _quiet(found):
                found.finished = True
                return


async def _restarts(world: World) -> None:
    """The server is killed now and then, and what it had not written of the work is lost."""
    random, loop = world.chance.random, asyncio.get_running_loop()
    while loop.time() < FAULTY_S:
        await asyncio.sleep(random.uniform(0, 8))
        world.server.restart(random.randint(0, 3))


async def _elections(world: World) -> None:
    """The streams have no leader now and then, while all else goes on."""
    random, loop = world.chance.random, asyncio.get_running_loop()
    while loop.time() < FAULTY_S:
        await asyncio.sleep(random.uniform(0, 8))
        world.server.elected_at = loop.time() + random.uniform(0, 12)


def _quiet(found: Run) -> bool:
    server = found.world.server
    if any(durable.held for durable in server.durables.values()):
        return False
    if found.world.histories.ledger(LEDGER).state.open:
        return False
    return all(id_ in found.accepted and _rests(found, asked) for id_, asked in found.asked.items())


def _rests(found: Run, asked: Asked) -> bool:
    """Whether a session has ended, or waits for money that nobody gives."""
    state = found.world.histories.session(asked.aggregate).state
    return state.ended or found.keeps_waiting(state, asked)


async def _limit(found: Run, bus: SimBus) -> None:
    """Allow the user a few calls only, all in all or a day; perhaps more later, perhaps whatever it takes."""
    random = found.world.chance.random
    found.unlimited = False
    scope, policy = random.choice(("user", "day")), random.choice(("fail", "wait"))
    for number in range(random.randint(1, 3)):
        limit = str(random.randint(0, 8) * MOST)
        await _budget(bus, str(number), {"scope": scope, "limit_usd": limit, "policy": policy})
        await asyncio.sleep(random.uniform(1, 10))
    if random.random() < 0.5:
        await _budget(bus, "last", {"scope": scope, "limit_usd": None, "policy": policy})
        found.unlimited = True


async def _budget(bus: SimBus, name: str, body: dict[str, object]) -> bool:
    return await _send(bus, "ask", "set", dumps({**body, "command_id": name}), f"b/{name}", noun="budget")


async def _use(found: Run, bus: SimBus, id_: UUID) -> None:
    """Ask for a session at either door, sometimes twice, sometimes cancel it and go on with it.

    A bad start is queued: at the other door it leaves nothing behind.
    """
    random = found.world.chance.random
    await asyncio.sleep(random.uniform(0, 10))
    bad = random.random() < 0.05
    own = _own_budget(random)
    if found.focus.alone and random.random() < found.focus.alone:
        await _use_alone(found, bus, id_, bad=bad)
        return
    asked = found.asked[id_] = Asked(session(USER, id_), bad, limited="budget" in own)
    steps: list[dict[str, object]] = [
        {
            "skill": "unknown" if bad else random.choice(found.focus.skills),
            "input": {"n": f"{{{{step{number}.n}}}}" if number else 1},
        }
        for number in range(random.randint(1, 3))
    ]
    body = dumps({"session_id": str(id_), "agent": "sim-agent", "steps": steps, **own})
    for _ in range(random.choice((1, 1, 2))):
        await _send(bus, random.choice(("cmd",) if bad else ("ask", "cmd")), "run", body, f"run/{id_}")
    found.accepted.add(id_)
    if random.random() < found.focus.cancelled:
        await asyncio.sleep(random.uniform(0, 8))
        found.cancelled.add(id_)
        await _order(random, bus, "session", "cancel", id_)
    if random.random() < 0.3:
        await asyncio.sleep(random.uniform(0, 15))
        await _order(random, bus, "session", "retry", id_)
    if asked.limited and random.random() < 0.5:
        await asyncio.sleep(random.uniform(0, 15))
        unlimited = {"scope": "session", "session_id": str(id_), "limit_usd": None}
        asked.limited = not await _budget(bus, f"own/{id_}", unlimited)


async def _use_alone(found: Run, bus: SimBus, id_: UUID, *, bad: bool) -> None:
    """Ask for one skill alone, sometimes cancel it."""
    random = found.world.chance.random
    found.asked[id_] = Asked(execution(USER, id_), bad, limited=False)
    skill = "unknown" if bad else random.choice(found.focus.skills)
    body = dumps({"execution_id": str(id_), "skill": skill, "input": {"n": 1}})
    for _ in range(random.choice((1, 1, 2))):
        door = "cmd" if bad else random.choice(("ask", "cmd"))
        await _send(bus, door, "execute", body, f"run/{id_}", noun="skill")
    found.accepted.add(id_)
    if random.random() < found.focus.cancelled:
        await asyncio.sleep(random.uniform(0, 8))
        found.cancelled.add(id_)
        await _order(random, bus, "skill", "cancel", id_)


async def _order(random: Random, bus: SimBus, noun: str, verb: str, id_: UUID) -> None:
    """Cancel or retry at either door; one that is queued is known by its message alone."""
    door = random.choice(("ask", "cmd"))
    named = {"command_id": verb} if door == "ask" else {}
    body = dumps({"session_id" if noun == "session" else "execution_id": str(id_), **named})
    await _send(bus, door, verb, body, f"{verb}/{id_}", noun=noun)


def _own_budget(random: Random) -> dict[str, object]:
    """A session's own limit, sometimes, which fails it or has it wait, until somebody takes it away."""
    if random.random() < 0.8:
        return {}
    limit, policy = str(random.randint(0, 4) * MOST), random.choice(("fail", "wait"))
    return {"budget": {"limit_usd": limit, "policy": policy}}


async def _send(
    bus: SimBus, door: str, verb: str, body: bytes, message_id: str, *, noun: str = "session"
) -> bool:
    """Send until it is known to be there; tell whether it was not refused."""
    subject, headers = f"{door}.{USER}.{noun}.{verb}", {"Nats-Msg-Id": message_id}
    while True:
        if door == "ask":
            answer = await bus.request(subject, body, timeout=5.0, headers=headers)
            error = {"code": "unavailable"} if answer is None else json.decode(answer).get("error")
            if error is None or error["code"] != "unavailable":
                return error is None
        else:
            try:
                await bus.publish(subject, body, headers=headers)
            except TimeoutError:
                continue
            return True
