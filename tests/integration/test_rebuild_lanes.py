"""A log that is long enough to be rebuilt by several processes beside each other."""

import asyncio
import socket
from contextlib import closing
from uuid import uuid4

import psutil
import pytest

from bench.history import COMMITS, SKILL, histories, write
from controls import SESSION, USER, planned
from histories import definition, stories
from projected import assert_folded, rows_of
from projector import database, lane
from projector.beside import NEXT
from projector.database import connected
from projector.filling import MOST
from projector.lane import Order
from projector.lanes import Lanes
from projector.operating import Operating
from projector.origin import Origin
from projectorstage import Writer, ask, caught_up, projecting, until, value
from servers import Rig
from shared import subjects
from shared.bus import Bus
from shared.events import SessionCancelled, SessionStarted, SkillRegistered
from shared.refusal import Refusal

SESSIONS = 2 * MOST // COMMITS + 50
FILLING = f"SELECT seq > 0 FROM {NEXT}.checkpoint"
PARKED = "SELECT array_agg((subject, seq, reason)::text ORDER BY seq) FROM projection_errors"


@pytest.fixture(autouse=True)
async def skill(writer: Writer) -> None:
    await writer.happens(subjects.skill(SKILL), SkillRegistered(definition=definition(SKILL)))


def test_ranges_of_all_lanes_together_are_the_log_once():
    upto = 5 * MOST + 7
    orders = [Order(number, 3, upto, uuid4(), "", "") for number in range(3)]
    ranges = sorted(one for order in orders for one in order.ranges())
    assert ranges[0][0] == 0
    assert [after for after, _ in ranges[1:]] == [last for _, last in ranges[:-1]]
    assert ranges[-1][1] == upto
    assert [*orders[2].ranges()] == [(2 * MOST, 3 * MOST), (5 * MOST, upto)]


@pytest.mark.timeout(120)
async def test_a_history_is_parked_in_every_lane_as_it_was_live(
    bus: Bus, writer: Writer, nats: Rig, nats_url: str, postgres_url: str
):
    orphan = subjects.session(USER, SESSION)
    begun = SessionStarted(
        agent="scout-agent", steps=(planned(1, skill="no-such-skill"),), input={}, fingerprint="print"
    )
    async with projecting(bus, postgres_url) as live:
        await bus.listen("ops.projection.*", Operating(nats_url, postgres_url, live).hear)
        await writer.write(stories(21, commits=50))
        await writer.happens(orphan, begun)
        await write(nats.url, histories(SESSIONS, USER))
        await writer.happens(orphan, SessionCancelled(reason="no more"))
        await writer.write(stories(22, commits=50))
        await caught_up(bus, postgres_url)
        before = await value(postgres_url, PARKED)
        assert len(before) == 1
        await ask(bus, "rebuild")
        assert await value(postgres_url, PARKED) == before
    await assert_folded(bus, postgres_url)


async def test_a_rebuild_that_loses_a_lane_says_so_and_changes_nothing(
    bus: Bus, nats: Rig, nats_url: str, postgres_url: str
):
    await write(nats.url, histories(SESSIONS, USER))
    async with projecting(bus, postgres_url) as live:
        await bus.listen("ops.projection.*", Operating(nats_url, postgres_url, live).hear)
        await caught_up(bus, postgres_url)
        before = await rows_of(postgres_url)
        asked = asyncio.create_task(ask(bus, "rebuild"))
        await until(lambda: value(postgres_url, FILLING))
        (process,) = (one for one in psutil.Process().children() if "projector.rebuilding" in one.cmdline())
        lanes = process.children()
        lanes[0].kill()
        error = (await asked)["error"]
        assert error["code"] == "broken_off"
        assert "a process of the rebuild died" in error["message"]
        assert not psutil.wait_procs([process, *lanes], 10)[1]
        assert await rows_of(postgres_url) == before
        assert (await ask(bus, "rebuild"))["ok"] is True
    await assert_folded(bus, postgres_url)


async def test_a_log_that_ends_before_a_lane_has_all_of_it_breaks_the_rebuild_off(
    bus: Bus, nats_url: str, postgres_url: str
):
    pairs = [socket.socketpair() for _ in range(2)]
    epoch = uuid4()
    await value(postgres_url, f"CREATE SCHEMA {NEXT}")
    async with connected(postgres_url, NEXT) as connection, asyncio.TaskGroup() as group:
        await database.make_bare(connection)
        await database.take_over(connection, epoch)
        for _, end in pairs:
            group.create_task(lane.attend(end))
        beyond = await Origin(bus).last_seq() + 1
        with (
            closing(Lanes([end for end, _ in pairs], nats_url, postgres_url)) as lanes,
            pytest.raises(Refusal, match=f"sequence {beyond} is missing in the log"),
        ):
            await lanes.fill(beyond, epoch)
