"""The streams and durables, as they are made and checked."""

import asyncio
from typing import Any

import pytest
from nats.js.api import PersistMode, StreamConfig

from proxy import proxied
from servers import Rig
from shared import streams
from shared.bus import Bus
from shared.refusal import Refusal


async def made(bus: Bus) -> list[Any]:
    """What NATS has of each stream and durable, and since when."""
    js = bus.client.jetstream()
    infos = [await js.stream_info(str(config.name)) for config in streams.streams()]
    consumers = [await js.consumer_info(one.stream, one.name) for one in streams.durables()]
    return [(info.config, info.created) for info in (*infos, *consumers)]


async def test_provisioning_twice_changes_nothing(bus: Bus):
    before = await made(bus)
    await streams.provision(bus, ack_wait_s=2)
    assert await made(bus) == before


async def test_a_durable_that_an_older_release_made_is_set_right(bus: Bus):
    js = bus.client.jetstream()
    made = (await js.consumer_info("EVT", "traces")).config
    made.headers_only = False
    await js.add_consumer("EVT", made)
    assert not (await js.consumer_info("EVT", "traces")).config.headers_only
    await streams.provision(bus, ack_wait_s=2)
    assert (await js.consumer_info("EVT", "traces")).config.headers_only


async def test_only_what_follows_from_the_log_is_acknowledged_before_it_is_on_disk(bus: Bus):
    modes = {
        name: (await bus.client.jetstream().stream_info(name)).config.persist_mode
        for name in ("EVT", "CMD", "DLQ", "WORK")
    }
    assert modes == {"EVT": None, "CMD": None, "DLQ": None, "WORK": PersistMode.ASYNC}


async def test_a_stream_of_one_copy_is_not_called_three(bus: Bus):
    with pytest.raises(Refusal, match="EVT has 1 of 3 copies; set it with 'nats stream edit EVT --rep"):
        await streams.provision(bus, ack_wait_s=5, replicas=3)


async def test_a_stream_changed_by_hand_is_refused(bus: Bus):
    js = bus.client.jetstream()
    config: StreamConfig = (await js.stream_info("WORK")).config
    config.max_age = 3600.0
    await js.update_stream(config)
    with pytest.raises(Refusal) as refused:
        await streams.check(bus)
    assert refused.value.field == "WORK.max_age"


async def test_a_missing_stream_is_named(nats_url: str):
    bus = await Bus.connect(nats_url, name="test")
    with pytest.raises(Refusal) as refused:
        await streams.check(bus)
    await bus.close()
    assert refused.value.code == "no_stream"


async def test_a_question_that_is_lost_is_put_again(nats: Rig, bus: Bus):
    """A cluster that elects a leader answers none; here the connection is cut before it arrives."""
    async with proxied(nats.url) as proxy:
        asking = await Bus.connect(proxy.url, name="asking")
        proxy.silence()
        checked = asyncio.create_task(streams.check(asking))
        await asyncio.sleep(0.2)
        await proxy.cut()
        proxy.resume()
        await checked
        await asking.close()


async def test_the_log_cannot_be_purged(bus: Bus):
    await bus.publish("evt.skill.a", b"{}")
    with pytest.raises(Exception, match="purge"):
        await bus.client.jetstream().purge_stream("EVT")
