"""Three NATS servers as one cluster: the one that leads the log is killed, again and again."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from check import check
from cluster import Cluster, running_cluster
from load import Load, loaded

ACK_WAIT_S = 2.0
KILLS = 3
DOWN_S = 1.5


@pytest.fixture
async def replicated() -> AsyncIterator[tuple[Load, Cluster]]:
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
