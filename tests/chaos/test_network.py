"""A network that delays, cuts and goes silent between the services and their servers."""

import random
from collections.abc import AsyncIterator

import pytest

from load import Load, begin
from proxy import Proxy, proxied
from rig import running_stack
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
        running_stack(
            orchestrators=2,
            runners=3,
            TOTALAUD_NATS_URL=to_nats.url,
            TOTALAUD_DATABASE_URL=to_postgres.url,
        ) as stack,
    ):
        load = await begin(stack)
        yield load, to_nats, to_postgres
        await load.client.close()


@pytest.mark.timeout(240)
@pytest.mark.filterwarnings(LEFT_OPEN_BY_NATS_PY)
async def test_a_network_that_delays_cuts_and_half_opens_loses_nothing(network: tuple[Load, Proxy, Proxy]):
    load, to_nats, to_postgres = network
    chance = random.Random(1)
    await load.busy()
    await to_nats.trouble(chance, ROUNDS)
    await to_postgres.trouble(chance, ROUNDS)
    await load.all_complete()
    await load.projected()
    await load.check_rows()
    await load.check_calls()
    await load.check_fold()
