"""Work whose number a consumer counts as given out, after NATS has lost its last messages."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from controls import USER, start
from orchestrator.follow import Follow
from orchestrator.ledgers import Ledgers
from orchestrator.passed_over import floors
from orchestrator.sessions import Sessions
from orchestrator.settling import Settling
from orchestrator.timers import Timers
from servers import data_folder
from shared.bus import Bus
from shared.jetstream_log import JetStreamLog
from shared.streams import provision
from shared.subjects import Aggregate, session
from shared.work import Work
from totalaud.stack.nats import Nats
from totalaud.stack.server import Server

LOST, HELD = range(2, 7), 2


def following(bus: Bus) -> tuple[Sessions, Follow]:
    log = JetStreamLog(bus)
    sessions = Sessions(log)
    return sessions, Follow(bus, sessions, Settling(Ledgers(log), log), Timers(), lease_s=5)


@asynccontextmanager
async def connected(kind: Nats) -> AsyncIterator[Bus]:
    bus = await Bus.connect(kind.url, name="test")
    try:
        yield bus
    finally:
        await bus.close()


async def taken(bus: Bus) -> list[bytes]:
    """Take what the pool `custom` is given, and acknowledge it."""
    pull = await bus.client.jetstream().pull_subscribe_bind("custom", "WORK")
    bodies: list[bytes] = []
    try:
        while True:
            for message in await pull.fetch(10, timeout=1.5):
                await message.ack()
                bodies.append(message.data)
    except TimeoutError:
        return bodies


async def lose_the_end(kind: Nats, server: Server) -> None:
    """Have NATS lose all of WORK but its first message; of the others the consumer had all but one done."""
    async with connected(kind) as bus:
        await provision(bus, ack_wait_s=1)
        block = kind.store / "jetstream" / "$G" / "streams" / "WORK" / "msgs" / "1.blk"
        await bus.publish("work.openai.old.1", b"old")
        async with asyncio.timeout(10):
            while not (kept := block.stat().st_size):
                await asyncio.sleep(0.05)
        for number in LOST:
            await bus.publish(f"work.custom.old.{number}", b"old")
        pull = await bus.client.jetstream().pull_subscribe_bind("custom", "WORK")
        for message in await pull.fetch(10, timeout=1):
            if message.metadata.sequence.stream != HELD:
                await message.ack_sync()
        await asyncio.sleep(1)
    await server.kill()
    os.truncate(block, kept)
    await server.start()


async def test_work_that_its_queue_passes_over_is_dispatched_again_by_the_sweep():
    with data_folder() as data:
        kind = Nats(data)
        server = Server(kind, data / "logs")
        await server.start()
        try:
            await lose_the_end(kind, server)
            async with connected(kind) as bus:
                assert await given_after_the_sweep(bus) == ([], True)
        finally:
            await server.stop()


async def test_work_that_lies_under_a_number_of_before_a_loss_is_not_dispatched_twice(bus: Bus):
    """A sweep may have asked what is done before NATS lost its end, whose numbers are given again."""
    sessions, follow = following(bus)
    one = session(USER, uuid4())
    await follow.decided(one, await sessions.decide(one, start(1)))
    await follow.outstanding(one, {"custom": 1_000_000})
    assert len(await taken(bus)) == 1


async def given_after_the_sweep(bus: Bus) -> tuple[list[Aggregate], bool]:
    """Start four sessions; tell whose work nobody was given, and whether some came by the sweep only."""
    sessions, follow = following(bus)
    begun = [session(USER, uuid4()) for _ in range(4)]
    for one in begun:
        await follow.decided(one, await sessions.decide(one, start(1)))
    before = {Work.from_json(body).aggregate for body in await taken(bus)}
    done_up_to = await floors(bus)
    for one in begun:
        if one not in before:
            await follow.outstanding(one, done_up_to)
    after = before | {Work.from_json(body).aggregate for body in await taken(bus)}
    return [one for one in begun if one not in after], before != after
