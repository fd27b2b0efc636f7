"""A network that delays, cuts and goes silent between the services and their servers."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from check import check
from load import Load, loaded
from proxy import Proxy, proxied
from servers import running_nats, running_postgres

ROUNDS = 8
LEFT_OPEN_BY_NATS_PY = "ignore:.*StreamWriter.__del__:pytest.PytestUnraisableExceptionWarning"


@pytest.fixture
async def network() -> AsyncIterator[tuple[Load, Proxy, Proxy]]:
    """A stack with two orchestrators and three runners; all of them reach NATS and PostgreSQL by proxy."""
    async with (
        running_nats() as nats,
        running_postgres() as postgres,
        proxied(nats.url) as to_nats,
        proxied(postgres.url) as to_postgres,
        loaded(
            orchestrators=2,
            runners=3,
            TOTALAUD_NATS_URL=to_nats.url,
            TOTALAUD_DATABASE_URL=to_postgres.url,
        ) as load,
    ):
        yield load, to_nats, to_postgres


@pytest.mark.timeout(180)
@pytest.mark.filterwarnings(LEFT_OPEN_BY_NATS_PY)
async def test_a_network_that_delays_cuts_and_half_opens_loses_nothing(network: tuple[Load, Proxy, Proxy]):
    load, *proxies = network
    load.begin()
    await load.busy()
    await asyncio.gather(
        *(proxy.trouble(random.Random(seed), ROUNDS) for seed, proxy in enumerate(proxies, 1))
    )
    await load.rest()
    await check(load)
    assert all(proxy.cuts and proxy.silences and proxy.delays for proxy in proxies)
