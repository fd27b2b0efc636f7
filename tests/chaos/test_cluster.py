"""Three NATS servers as one cluster: the one that leads the log is killed, again and again."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backupstage import Office, here
from check import check
from cluster import SIZE, Cluster, running_cluster
from deployed import process
from load import Load, loaded
from orchestrator.passed_over import floors
from shared.bus import Bus

__all__ = ["here"]

ACK_WAIT_S = 5.0
KILLS = 3
DOWN_S = 1.5


@pytest.fixture(scope="module")
async def replicated() -> AsyncIterator[tuple[Load, Cluster]]:
    """One for all that leave it as it was: all its nodes there, and nothing under way."""
    async with (
        running_cluster(ACK_WAIT_S) as cluster,
        loaded(
            orchestrators=2, runners=2, TOTALAUD_NATS_URL=cluster.url, TOTALAUD_ACK_WAIT_S=str(ACK_WAIT_S)
        ) as load,
    ):
        yield load, cluster


@pytest.mark.timeout(180)
async def test_a_cluster_whose_leader_is_killed_loses_nothing(replicated: tuple[Load, Cluster]):
    load, cluster = replicated
    load.begin()
    for _ in range(KILLS):
        await load.busy()
        leader = await cluster.leader()
        await cluster.kill(leader)
        await asyncio.sleep(DOWN_S)
        await cluster.restart(leader)
    await load.rest()
    checked = await check(load)
    assert (checked.lost, checked.in_doubt) == (0, 0)
    bus = await Bus.connect(cluster.url, name="test")
    info = await bus.client.jetstream().consumer_info("WORK", "custom")
    assert info.ack_floor
    assert info.ack_floor.stream_seq
    assert set((await floors(bus)).values()) == {0}
    await bus.close()


@pytest.mark.timeout(180)
async def test_whoever_waits_for_a_result_waits_for_the_next_leader_too(replicated: tuple[Load, Cluster]):
    load, cluster = replicated
    accepted = await load.client.run("tester-agent", [{"skill": "sleep", "input": {"seconds": 8}}])
    result = asyncio.create_task(load.client.outcome(accepted.id))
    leader = await cluster.leader()
    await cluster.kill(leader)
    assert (await result).outputs == [{"seconds": 8}]
    await cluster.restart(leader)


@pytest.mark.timeout(120)
async def test_who_was_told_of_one_node_goes_on_at_another_one_with_the_same_password(
    database_url: str, tmp_path: Path
):
    """The cluster tells of its nodes without any password."""
    async with running_cluster(ACK_WAIT_S) as cluster:
        first, *_ = cluster.url.split(",")
        env = {"TOTALAUD_NATS_URL": first, "TOTALAUD_DATABASE_URL": database_url}
        async with process(tmp_path / "log", (sys.executable, "-m", "projector"), env):
            bus = await Bus.connect(first, name="test")
            assert await bus.request("ops.projection.status", b"{}", timeout=30)
            await cluster.kill("node-1")
            async with asyncio.timeout(60):
                while not await _answered(bus):
                    await asyncio.sleep(0.1)
            await bus.close()
        assert "Authorization Violation" not in (tmp_path / "log").read_text()


@pytest.mark.timeout(120)
async def test_a_backup_comes_back_on_every_node_and_whoever_was_erased_stays_so(
    here: Office, database_url: str, tmp_path: Path
):
    await here.add()
    await here.tell_erased(await here.add())
    backup = await here.back_up(tmp_path / "backup")
    async with running_cluster(ACK_WAIT_S) as cluster:
        bus = await Bus.connect(cluster.url, name="test")
        there = Office(bus, cluster.url, database_url, here.vault)
        done = await there.restore(backup, replicas=SIZE)
        infos = [await bus.client.jetstream().stream_info(stream) for stream in ("EVT", "CMD", "DLQ", "WORK")]
        await bus.close()
    assert (done.keys, done.erased) == (1, 1)
    assert {info.config.num_replicas for info in infos} == {SIZE}


async def _answered(bus: Bus) -> bool:
    return bus.client.is_connected and b'"seq"' in (
        await bus.request("ops.projection.status", b"{}", timeout=1) or b""
    )
