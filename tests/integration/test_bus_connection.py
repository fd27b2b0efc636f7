"""The connection of a bus: how it begins, ends and comes back, whatever its servers do."""

import asyncio
from collections import Counter

import pytest
from nats.errors import ConnectionReconnectingError, NoRespondersError
from structlog.testing import capture_logs

from busstage import killed_and_back, until
from proxy import proxied
from servers import Rig
from shared.bus import CONNECT, Bus, Complaints, shake_hands
from shared.hanging_up import drop
from shared.hearing import hear
from totalaud import door

TIMES = 5


async def test_what_fails_after_a_reconnect_is_tried_again_and_holds_nothing_up(nats: Rig, bus: Bus):
    called: list[str] = []

    async def not_yet() -> None:
        called.append("not yet")
        if called.count("not yet") < 3:
            raise NoRespondersError

    async def at_once() -> None:
        called.append("at once")

    bus.on_reconnect(not_yet)
    bus.on_reconnect(at_once)
    await killed_and_back(nats, bus)
    await until(lambda: called.count("not yet") == 3)
    assert called == ["not yet", "at once", "not yet", "not yet"]
    assert bus.client.stats["reconnects"] == 1


async def test_what_is_done_after_a_reconnect_is_given_up_for_the_next_one_and_at_the_end(nats_url: str):
    bus, running = await Bus.connect(nats_url, name="test"), 0

    async def long() -> None:
        nonlocal running
        running += 1
        try:
            await asyncio.sleep(60)
        finally:
            running -= 1

    bus.on_reconnect(long)
    for _ in range(2):
        await bus.reconnected()
        await asyncio.sleep(0.01)
        assert running == 1
    await bus.close()
    assert running == 0


async def test_an_answer_that_comes_too_late_does_not_end_the_connection(nats: Rig, bus: Bus):
    async with proxied(nats.url) as proxy:
        slow = await Bus.connect(proxy.url, name="slow")
        proxy.silence()
        with pytest.raises(TimeoutError):
            await slow.settled(0.1)
        proxy.resume()
        assert await slow.publish("work.custom.a.after", b"{}", timeout=1)
        await slow.close()


async def test_whoever_waits_for_a_server_that_is_killed_meanwhile_is_told_that_it_is_away(
    nats: Rig, bus: Bus, monkeypatch: pytest.MonkeyPatch
):
    """What is written has its turn only once a first attempt to reach the server again has failed."""
    flush = bus.client._flush_pending

    async def late(force_flush: bool = False) -> None:
        await nats.kill()
        await until(lambda: not bus.client._transport)
        await flush(force_flush)

    monkeypatch.setattr(bus.client, "_flush_pending", late)
    with pytest.raises(ConnectionReconnectingError):
        await bus.settled()
    monkeypatch.undo()
    await nats.start()
    await until(lambda: bus.client.is_connected)
    await bus.settled()


async def test_a_server_that_stays_away_is_complained_of_once_in_a_while(nats: Rig, bus: Bus):
    with capture_logs() as said:
        await nats.kill()
        await until(lambda: bus.client.is_reconnecting)
        await asyncio.sleep(2)
    await nats.start()
    told = [line["problem"] for line in said if line["event"] == "nats"]
    assert len(told) == len(set(told)) > 0


async def test_a_client_waits_once_for_each_node_that_stands_still_before_the_one_that_answers(
    nats: Rig, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(CONNECT, "connect_timeout", 0.2)
    asked: Counter[int] = Counter()

    def stand_still(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked[writer.get_extra_info("sockname")[1]] += 1
        standing.append(writer)

    standing: list[asyncio.StreamWriter] = []
    nodes = [await asyncio.start_server(stand_still, "127.0.0.1", 0) for _ in range(2)]
    ports = [node.sockets[0].getsockname()[1] for node in nodes]
    url = ",".join([*(str(nats.url).rpartition(":")[0] + f":{port}" for port in ports), nats.url])
    for _ in range(TIMES):
        bus = await door.connect(url)
        await bus.close()
    for writer in standing:
        writer.close()
    for node in nodes:
        node.close()
    assert asked == dict.fromkeys(ports, TIMES)


async def test_what_is_complained_of_for_long_is_said_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shared.bus.SAID_AGAIN_S", 0.05)
    complaints = Complaints()
    with capture_logs() as said:
        for pause_s in (0, 0, 0.06, 0):
            await asyncio.sleep(pause_s)
            await complaints.hear(ConnectionRefusedError())
    assert len(said) == 2


async def test_a_server_that_does_not_shake_hands_is_tried_now_and_then():
    tried = 0

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tried
        tried += 1
        writer.close()

    begun = asyncio.get_running_loop().time()
    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with capture_logs() as said:
            shaking = asyncio.create_task(shake_hands(f"tls://127.0.0.1:{port}"))
            await until(lambda: tried >= 4)
            shaking.cancel()
            await asyncio.wait([shaking])
    assert asyncio.get_running_loop().time() - begun > 0.9 * 3 * CONNECT["reconnect_time_wait"]
    assert {line["event"] for line in said} == {"nats"}


async def test_a_server_that_greets_nobody_is_held_by_one_connection_at_a_time(
    nats: Rig, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(CONNECT, "connect_timeout", 0.1)
    async with proxied(nats.url) as proxy:
        patient = await Bus.connect(proxy.url, name="patient")
        proxy.silence()
        await proxy.cut()
        before = proxy.accepted
        await until(lambda: proxy.accepted >= before + 5)
        await until(lambda: proxy.held <= 2)
        proxy.resume()
        await until(lambda: patient.client.is_connected)
        await patient.close()


async def test_a_server_that_takes_nothing_more_keeps_nobody_from_connecting_anew(
    nats: Rig, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(CONNECT, "ping_interval", 0.2)
    async with proxied(nats.url) as proxy:
        patient = await Bus.connect(proxy.url, name="patient")
        proxy.silence()
        unsent = [asyncio.create_task(patient.tell("somebody", bytes(1_000_000))) for _ in range(20)]
        await until(lambda: proxy.accepted > 1)
        proxy.resume()
        await until(lambda: patient.client.is_connected)
        for one in unsent:
            one.cancel()
        await asyncio.gather(*unsent, return_exceptions=True)
        await patient.close()


async def test_a_connection_is_closed_though_its_server_is_away_and_something_waits_to_be_sent(
    nats: Rig, bus: Bus
):
    await nats.kill()
    await until(lambda: bus.client.is_reconnecting)
    await bus.tell("somebody", b"never sent")
    await bus.close()
    assert bus.client.is_closed
    await nats.start()


async def test_what_is_sent_just_before_a_connection_is_closed_arrives(bus: Bus, nats_url: str):
    heard: list[bytes] = []
    await hear(bus.client, "somebody", lambda message: heard.append(message.data))
    await bus.settled()
    other = await Bus.connect(nats_url, name="other")
    await other.tell("somebody", b"at last")
    await other.close()
    await until(lambda: heard == [b"at last"])


async def test_a_connection_that_ends_while_it_is_closed_is_closed_all_the_same(nats_url: str):
    other = await Bus.connect(nats_url, name="other")
    drop(other.client)
    await other.tell("somebody", b"never sent")
    await other.close()
    assert other.client.is_closed
