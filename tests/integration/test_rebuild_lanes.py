"""A log that is long enough to be rebuilt by several processes beside each other."""

import asyncio
import socket
from contextlib import closing
from uuid import uuid4

import psutil
import pytest
import uvloop
from msgspec import to_builtins

from bench.history import COMMITS, SKILL, histories, write
from controls import SESSION, USER, planned
from histories import definition, stories
from projected import assert_folded, rows_of
from projector import database, lane
from projector.beside import NEXT
from projector.database import connected
from projector.entry import Reading
from projector.filling import MOST, MOST_BYTES, fill
from projector.lane import Order
from projector.lanes import Lanes, forked
from projector.lines import Lines
from projector.origin import Origin
from projectorstage import Writer, answers_behind, ask, caught_up, have_rebuilt, operated, until, value
from servers import Rig, dead
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
    orphans = [subjects.session(USER, id_) for id_ in (SESSION, uuid4())]
    begun = SessionStarted(
        agent="scout-agent", steps=(planned(1, skill="no-such-skill"),), input={}, fingerprint="print"
    )
    async with operated(bus, nats_url, postgres_url):
        await writer.write(stories(21, commits=50))
        for orphan in orphans:
            await writer.happens(orphan, begun)
        for orphan in orphans:
            await write(nats.url, histories(SESSIONS // 2, USER))
            await writer.happens(orphan, SessionCancelled(reason="no more"))
        await writer.write(stories(22, commits=50))
        await caught_up(bus, postgres_url)
        before = await value(postgres_url, PARKED)
        assert len(before) == len(orphans)
        await have_rebuilt(bus)
        assert await value(postgres_url, PARKED) == before
    await assert_folded(bus, postgres_url)


async def test_a_rebuild_that_loses_a_lane_says_so_and_changes_nothing(
    bus: Bus, nats: Rig, nats_url: str, postgres_url: str
):
    await write(nats.url, histories(SESSIONS, USER))
    async with operated(bus, nats_url, postgres_url):
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
        await dead([process, *lanes])
        assert await rows_of(postgres_url) == before
        await have_rebuilt(bus)
    await assert_folded(bus, postgres_url)


async def test_a_rebuild_that_is_killed_beside_a_lane_that_hangs_says_so_at_once(
    bus: Bus, nats: Rig, nats_url: str, postgres_url: str
):
    await write(nats.url, histories(SESSIONS, USER))
    async with operated(bus, nats_url, postgres_url):
        await caught_up(bus, postgres_url)
        asked = asyncio.create_task(ask(bus, "rebuild"))
        await until(lambda: value(postgres_url, FILLING))
        (process,) = (one for one in psutil.Process().children() if "projector.rebuilding" in one.cmdline())
        lanes = process.children()
        lanes[0].suspend()
        process.kill()
        try:
            error = (await asyncio.wait_for(asked, 10))["error"]
        finally:
            lanes[0].resume()
        assert "code -9" in error["message"]
        await dead(lanes)
        await have_rebuilt(bus)
    await assert_folded(bus, postgres_url)


def test_a_lane_that_hangs_does_not_outlive_its_rebuild():
    others = psutil.Process().children()
    with forked(1):
        (hanging,) = (one for one in psutil.Process().children() if one not in others)
        hanging.suspend()
    assert not hanging.is_running()


def test_what_ends_a_lane_unexpectedly_is_told(capfd: pytest.CaptureFixture[str]):
    with forked(1) as (end,):
        end.sendall(b'{"strange": 1}\n')
        assert end.recv(1) == b""
    assert "ValidationError" in capfd.readouterr().err


def test_a_lane_that_died_before_it_was_told_anything_breaks_the_rebuild_off():
    async def told() -> None:
        end, gone = socket.socketpair()
        gone.close()
        with (
            closing(Lanes([end], "", "")) as lanes,
            pytest.raises(Refusal, match="a process of the rebuild died"),
        ):
            await lanes.fill(MOST, uuid4())

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(told())


def test_a_lane_that_stands_still_breaks_the_rebuild_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("projector.lanes.BATCH_S", 0.1)

    async def told() -> None:
        end, stopped = socket.socketpair()
        with (
            stopped,
            closing(Lanes([end], "", "")) as lanes,
            pytest.raises(Refusal, match="a process of the rebuild stood still"),
        ):
            await lanes.fill(MOST, uuid4())

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(told())


async def test_what_a_lane_breaks_off_at_is_heard_though_more_is_told_to_it():
    end, other = socket.socketpair()
    attending = asyncio.create_task(lane.attend(other))
    with closing(Lines(*await asyncio.open_unix_connection(sock=end))) as lines:
        await lines.tell(to_builtins(Order(0, 1, MOST, uuid4(), "nats://127.0.0.1:1", "")))
        await asyncio.sleep(1)
        await lines.tell({"turn": 0})
        await asyncio.sleep(0.1)
        assert list(await lines.hear() or ()) == ["away"]
    await asyncio.wait_for(attending, 5)


async def test_a_lane_whose_turn_never_comes_leaves_quietly_when_nobody_is_there(
    bus: Bus, nats_url: str, postgres_url: str
):
    end, other = socket.socketpair()
    attending = asyncio.create_task(lane.attend(other))
    upto = await Origin(bus).last_seq()
    with closing(Lines(*await asyncio.open_unix_connection(sock=end))) as lines:
        await lines.tell(to_builtins(Order(0, 1, upto, uuid4(), nats_url, postgres_url)))
        await asyncio.sleep(0.3)
    await asyncio.wait_for(attending, 5)


async def test_a_copy_of_the_log_that_is_behind_has_no_gap_at_its_end(
    bus: Bus, writer: Writer, monkeypatch: pytest.MonkeyPatch
):
    """As in a cluster, where any node may answer that has the log."""
    last = await Origin(bus).last_seq()
    filled: list[int] = []

    async def write(batch: list[Reading]) -> None:
        filled.extend(reading.entry.seq for reading in batch)

    behind = answers_behind(monkeypatch, times=2)
    await fill(bus, [(0, last)], write)
    assert (filled, behind) == ([*range(1, last + 1)], [])


async def test_large_commits_make_smaller_batches(bus: Bus, writer: Writer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("projector.filling.PAGE", 5)
    await writer.write(stories(23, commits=30))
    last = await Origin(bus).last_seq()
    sizes: list[int] = []

    async def write(batch: list[Reading]) -> None:
        sizes.append(len(batch))

    for most_bytes in (MOST_BYTES, 1):
        monkeypatch.setattr("projector.filling.MOST_BYTES", most_bytes)
        await fill(bus, [(0, None)], write)
    assert sizes == [last, *[5] * (last // 5), *[last % 5] * (last % 5 > 0)]


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
