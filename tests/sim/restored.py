"""A backup is put back into a run: what came after it is lost, all processes with it, but not the bill."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from orchestrator.money import NOTHING
from shared.events import AttemptRequested
from sim.asked import Focus
from sim.bus import SimBus
from sim.chance import CALM, Chance, Faults
from sim.histories import Histories
from sim.money import OUTCOME
from sim.process import Process
from sim.processes import World, kept, orchestrator, runner
from sim.run import IDS, LEDGERS, LONGEST_S, LOOK_S, TAIL_S, Run, played
from sim.skills import PRICE
from sim.users import User

FAULTS = Faults(crash=0.002, lost=0.02, lost_ack=0.02)
PRICED = ("add", "buy", "keep", "collect")
A_MOMENT_S = 0.1
Calls = Counter[tuple[UUID, int]]


class Restored(Run):
    """`forgotten` are the calls between the backup and the loss: nothing that is there tells of them."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, Focus(skills=PRICED))
        self.forgotten: Calls = Counter()


def restored(seed: int) -> Restored:
    found = Restored(seed)
    played(found, _live(found))
    return found


async def _live(found: Restored) -> None:
    world, random = found.world, found.world.chance.random
    world.chance.faults = FAULTS
    tasks = _started(world, "before")
    client = SimBus(world.server, Process("client", Chance(0)))
    users = [User(found, client, user) for user in LEDGERS]
    tasks += [asyncio.create_task(user.limit()) for user in users if random.random() < 0.3]
    tasks += [asyncio.create_task(random.choice(users).use(id_)) for id_ in IDS]
    await asyncio.sleep(random.uniform(2, 12))
    put_back, paid = world.server.backup(), Counter(world.bill.begun)
    await asyncio.sleep(random.uniform(0.5, 8))
    for task in tasks:
        task.cancel()
    for process in world.processes:
        process.kill()
        world.server.bury(process)
    await asyncio.sleep(A_MOMENT_S)
    found.forgotten = world.bill.begun - paid
    put_back()
    world.histories, world.sweeping = Histories(world.server.streams["EVT"]), None
    world.chance.faults = CALM
    tasks = _started(world, "after")
    while not found.finished and asyncio.get_running_loop().time() < LONGEST_S:
        await asyncio.sleep(LOOK_S)
        if _is_quiet(found):
            await asyncio.sleep(TAIL_S)
            found.finished = _is_quiet(found)


def _started(world: World, when: str) -> list[asyncio.Task[None]]:
    mains = [orchestrator] * 2 + [runner] * 3
    names = [f"{main.__name__}-{number}-{when}" for number, main in enumerate(mains)]
    return [asyncio.create_task(kept(world, name, main)) for name, main in zip(names, mains, strict=True)]


def _is_quiet(found: Restored) -> bool:
    """Whether all has ended that the backup had, or waits for a person or for money."""
    if any(one.held or one.left for one in found.world.server.durables.values()):
        return False
    if any(found.ledger(user).open for user in LEDGERS):
        return False
    states = [found.world.histories.session(one.aggregate).state for one in found.asked.values()]
    return all(one.status == "new" or one.ended or one.waiting_on == "budget" for one in states)


def broken(found: Restored) -> Iterator[str]:
    """Name what is not as promised: a ledger has all calls but those forgotten, and never one too many."""
    if not found.finished:
        yield "the system never came to rest"
    for user in LEDGERS:
        own = [one.aggregate for one in found.asked.values() if one.aggregate.user == user]
        events = [event for one in own for _, event, _ in found.world.histories.session(one).life]
        told = Counter(event.attempt_id for event in events if type(event) in OUTCOME)
        yield from (f"an attempt has {count} outcomes" for count in told.values() if count > 1)
        attempts = {event.attempt_id for event in events if type(event) is AttemptRequested}
        bill, ledger = _cost(found.world.bill.begun, attempts), found.ledger(user)
        if ledger.spent < bill - _cost(found.forgotten, attempts):
            yield "a call is missing in the ledger that was paid before the backup or after the loss"
        if ledger.spent - ledger.in_doubt > bill:
            yield "the ledger tells of calls that were not made"


def _cost(calls: Calls, attempts: set[UUID]) -> Decimal:
    return sum((PRICE * count for (attempt, _), count in calls.items() if attempt in attempts), NOTHING)
