"""Three NATS servers as one cluster: the one that leads the log is killed, again and again."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from cluster import Cluster, running_cluster
from load import Load, begin
from rig import running_stack

ACK_WAIT_S = 5.0
KILLS = 3


@pytest.fixture
async def replicated() -> AsyncIterator[tuple[Load, Cluster]]:
    async with (
        running_cluster(ACK_WAIT_S) as cluster,
        running_stack(
            orchestrators=2, runners=2, TOTALAUD_NATS_URL=cluster.url, TOTALAUD_ACK_WAIT_S=str(ACK_WAIT_S)
        ) as stack,
    ):
        load = await begin(stack)
        yield load, cluster
        await load.client.close()


@pytest.mark.timeout(240)
async def test_a_cluster_whose_leader_is_killed_loses_nothing(replicated: tuple[Load, Cluster]):
    load, cluster = replicated
    killed = set()
    for _ in range(KILLS):
        await load.busy()
        leader = await cluster.leader()
        await cluster.kill(leader)
        killed.add(leader)
        await asyncio.sleep(2)
        await cluster.restart(leader)
        await asyncio.sleep(2)
    assert killed
    await load.all_complete()
    await load.projected()
    await load.check_rows()
    await load.check_calls()
    await load.check_fold()
