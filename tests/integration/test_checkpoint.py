"""The checkpoint: one projector at a time writes, from the log and into the tables that belong together."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from controls import NOW, SESSION, SUBJECT, USER, start
from histories import definitions, stories
from orchestrator.decide import decide
from orchestrator.session import Session
from projected import assert_folded
from projector.apart import rebuilt
from projector.database import alone, checkpoint, connected, make, take_over
from projector.ddl import shape
from projector.live import Live
from projector.operating import Operating
from projector.origin import Origin
from projector.projection import Fenced, Projection
from projector.reader import page
from projectorstage import (
    Writer,
    answers_behind,
    ask,
    caught_up,
    halted,
    have_rebuilt,
    operated,
    projecting,
    until,
    value,
)
from proxy import proxied
from shared import subjects
from shared.bus import Bus
from shared.jetstream_log import JetStreamLog
from shared.outage import NOTICED_WHEN_GONE
from shared.streams import streams

FEW = 100


async def test_whoever_wrote_before_is_stopped_by_the_checkpoint(bus: Bus, writer: Writer, postgres_url: str):
    async with connected(postgres_url) as old, connected(postgres_url) as new:
        await make(old)
        first, second = uuid4(), uuid4()
        stale = Projection(old, first, await take_over(old, first))
        fresh = Projection(new, second, await take_over(new, second))
        entries = await page(bus, 1)
        with pytest.raises(Fenced):
            await stale.project(entries)
        assert await value(postgres_url, "SELECT count(*) FROM skills") == 0
        await fresh.project(entries)
        with pytest.raises(Fenced):
            await Projection(new, second, 0).project(entries)
    await assert_folded(bus, postgres_url)


async def test_tables_are_made_in_a_few_round_trips(postgres_url: str):
    async with proxied(postgres_url) as proxy, connected(proxy.url) as connection:
        proxy.delay_s = 0.001
        await make(connection)
    assert 0 < proxy.delays < FEW
    assert await value(postgres_url, "SELECT seq FROM checkpoint") == 0


async def test_whoever_writes_is_stopped_by_the_checkpoint_of_tables_that_another_projector_has_swapped(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    async with connected(postgres_url) as connection:
        await alone(connection)
        await make(connection)
        epoch = uuid4()
        projection = Projection(connection, epoch, await take_over(connection, epoch))
        for session in (subjects.session(USER, uuid4()), subjects.session(USER, uuid4())):
            await writer.happens(session, *decide(start(), Session(), NOW, session.subject).events)
        *before, last = await page(bus, 1)
        for entry in before:
            await projection.project([entry])
        async with projecting(bus, postgres_url) as stands_by:
            await rebuilt(nats_url, postgres_url, stands_by)
            with pytest.raises(Fenced):
                await projection.project([last])
    await assert_folded(bus, postgres_url)


async def test_a_second_projector_stands_by_until_the_first_is_gone(
    bus: Bus, writer: Writer, postgres_url: str
):
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
        epoch = await value(postgres_url, "SELECT epoch FROM checkpoint")
        async with projecting(bus, postgres_url):
            await writer.write(stories(10, commits=50))
            await caught_up(bus, postgres_url)
            assert await value(postgres_url, "SELECT epoch FROM checkpoint") == epoch
    async with projecting(bus, postgres_url):
        await writer.happens(
            subjects.session(USER, SESSION), *decide(start(), Session(), NOW, SUBJECT).events
        )
        await caught_up(bus, postgres_url)
    await assert_folded(bus, postgres_url)


async def test_a_projector_whose_machine_is_gone_keeps_its_turn_for_half_a_minute(postgres_url: str):
    async with connected(postgres_url) as connection:
        idle, every, times, unanswered_ms = [
            int(await connection.fetchval(f"SHOW {name}")) for name in NOTICED_WHEN_GONE
        ]
    assert (idle + every * times, unanswered_ms) == (25, 25_000)


@pytest.mark.parametrize("by", ["somebody else", "a rebuild of ours"])
async def test_a_projector_whose_checkpoint_was_moved_goes_on_and_says_so_where_it_was_somebody_else(
    by: str, bus: Bus, writer: Writer, postgres_url: str
):
    async with projecting(bus, postgres_url) as live:
        await caught_up(bus, postgres_url)
        await value(postgres_url, "UPDATE checkpoint SET epoch = $1", uuid4())
        if by != "somebody else":
            live.swapped()
        with capture_logs() as told:
            await writer.write(stories(10, commits=50))
            await caught_up(bus, postgres_url)
    moved = "the checkpoint was moved by somebody else, going on from there"
    assert ([line["event"] for line in told] == [moved]) == (by == "somebody else")
    await assert_folded(bus, postgres_url)


async def test_what_halts_the_projection_is_told_once_and_looked_at_again_and_again(
    bus: Bus, writer: Writer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("projector.live.LOOK_AGAIN_S", 0.1)
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
    await value(postgres_url, "UPDATE checkpoint SET shape = 'older'")
    with capture_logs() as told:
        async with projecting(bus, postgres_url) as live:
            await until(lambda: halted(live))
            await asyncio.sleep(0.5)
            await value(postgres_url, "UPDATE checkpoint SET shape = $1", shape())
            await writer.write(stories(10, commits=50))
            await caught_up(bus, postgres_url)
            assert live.halted is None
    assert [line["code"] for line in told if line["log_level"] == "error"] == ["another_release"]


async def test_another_log_is_refused_until_a_rebuild(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
    await value(postgres_url, "UPDATE checkpoint SET stream_created = $1", NOW - timedelta(days=1))
    async with operated(bus, nats_url, postgres_url) as live:
        await until(lambda: halted(live))
        status = await ask(bus, "status")
        assert status["halted"] == "the tables were made from another log: run 'totalaud projection rebuild'"
        await writer.write(stories(11, commits=50))
        assert (await ask(bus, "status"))["lag"] == 50
        await have_rebuilt(bus)
        await caught_up(bus, postgres_url)
        assert (await ask(bus, "status"))["halted"] is None
    await assert_folded(bus, postgres_url)


async def test_a_log_that_lost_its_last_commit_is_another_log(bus: Bus, writer: Writer, postgres_url: str):
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
    await value(postgres_url, "UPDATE checkpoint SET commit_id = $1", uuid4())
    async with projecting(bus, postgres_url) as live:
        await until(lambda: halted(live))


async def test_a_copy_of_the_log_that_is_behind_is_not_taken_for_another_log(
    bus: Bus, writer: Writer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
):
    """As in a cluster, where any node may answer that has the log."""
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
    behind = answers_behind(monkeypatch, times=2)
    async with connected(postgres_url) as connection:
        assert await Origin(bus).made(await checkpoint(connection))
    assert behind == []


async def test_tables_that_somebody_has_altered_are_named_and_a_rebuild_makes_them_anew(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    async with operated(bus, nats_url, postgres_url) as live:
        await caught_up(bus, postgres_url)
        await value(postgres_url, "ALTER TABLE agent_sessions DROP COLUMN waiting_on CASCADE")
        await writer.write(stories(3))
        await until(lambda: halted(live))
        told = "the tables are not as they were made, or not ours to change (UndefinedColumnError)"
        assert (await ask(bus, "status"))["halted"] == f"{told}: run 'totalaud projection rebuild'"
        assert (await ask(bus, "rebuild"))["ok"]
        await caught_up(bus, postgres_url)
        await until(lambda: not_halted(live))
    await assert_folded(bus, postgres_url)


async def test_tables_of_another_release_are_refused_until_a_rebuild(
    bus: Bus, writer: Writer, nats_url: str, postgres_url: str
):
    async with projecting(bus, postgres_url):
        await caught_up(bus, postgres_url)
    await value(postgres_url, "UPDATE checkpoint SET shape = 'older'")
    async with projecting(bus, postgres_url) as live:
        await until(lambda: halted(live))
        assert live.halted == "the tables are of another release: run 'totalaud projection rebuild'"
        await bus.listen("ops.projection.*", Operating(nats_url, postgres_url, live).hear)
        await have_rebuilt(bus)
        await until(lambda: not_halted(live))


async def test_a_log_with_a_gap_is_projected_up_to_it_and_no_rebuild_passes_over_it(
    bus: Bus, nats_url: str, postgres_url: str
):
    gap = await with_a_gap(bus)
    async with operated(bus, nats_url, postgres_url) as live:
        await until(lambda: halted(live))
        status = await ask(bus, "status")
        assert status["seq"] == gap - 1
        assert status["halted"] == f"sequence {gap} is missing in the log: restore it from a backup"
        assert (await ask(bus, "rebuild"))["error"]["message"] == status["halted"]
        assert (await ask(bus, "status"))["halted"] == status["halted"]


async def with_a_gap(bus: Bus) -> int:
    """Put a log in place that allows deletes, and delete a commit of it; return its sequence."""
    js = bus.client.jetstream()
    await js.delete_stream("EVT")
    await js.add_stream(streams()[0].evolve(deny_delete=False))
    await Writer(bus).write([*definitions(), *stories(12)])
    gap = await JetStreamLog(bus).last_seq() - 5
    await js.delete_msg("EVT", gap)
    return gap


async def not_halted(live: Live) -> bool:
    return live.halted is None
