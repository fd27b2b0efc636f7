"""Requests and what is heard on the bus, whoever is late, cancelled or away."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.errors import NoStreamResponseError
from structlog.testing import capture_logs

from busstage import until
from proxy import proxied
from servers import Rig
from shared.bus import Bus
from shared.hearing import hear
from shared.listening import Heard
from totalaud import door
from totalaud.errors import Unreachable
from totalaud.importing import import_file
from totalaud.results import Accepted


async def test_what_is_handled_ends_with_the_connection_and_what_waits_is_not_begun(nats_url: str):
    bus, begun = await Bus.connect(nats_url, name="test"), list[bytes]()

    async def hear(heard: Heard) -> None:
        begun.append(heard.body)
        await asyncio.sleep(60)

    listening = await bus.listen("told", hear, at_once=1)
    for body in (b"first", b"second"):
        await bus.tell("told", body)
    await bus.settled()
    await bus.close()
    assert (begun, listening._running) == ([b"first"], set())


async def test_a_message_has_its_turn_though_what_the_one_before_it_waited_for_was_cancelled(bus: Bus):
    begun: list[bytes] = []

    async def hear(heard: Heard) -> None:
        begun.append(heard.body)
        if heard.body == b"first":
            awaited = asyncio.create_task(asyncio.sleep(60))
            asyncio.get_running_loop().call_later(0.05, awaited.cancel)
            await awaited

    await bus.listen("told", hear, at_once=1)
    for body in (b"first", b"second"):
        await bus.tell("told", body)
    await until(lambda: begun == [b"first", b"second"])


async def test_a_request_that_nobody_hears_has_no_answer_and_is_made_a_few_times(bus: Bus):
    before = bus.client.stats["out_msgs"]
    assert await bus.request("ask.nobody", b"{}", timeout=0.3) is None
    assert bus.client.stats["out_msgs"] - before < 10


async def test_a_request_that_is_heard_and_not_answered_has_no_answer(bus: Bus):
    async def hear(_: Heard) -> None:
        pass

    await bus.listen("ask.silent", hear)
    assert await bus.request("ask.silent", b"{}", timeout=0.1) is None


async def test_a_request_waits_for_whoever_comes_late(bus: Bus):
    async def answer(heard: Heard) -> None:
        await heard.answer(b"here")

    asked = asyncio.create_task(bus.request("ask.late", b"{}", timeout=3))
    await asyncio.sleep(0.3)
    await bus.listen("ask.late", answer)
    assert await asked == b"here"


@pytest.fixture
async def slow(nats: Rig) -> AsyncIterator[Bus]:
    """A connection over which a megabyte takes two seconds."""
    async with proxied(nats.url) as proxy:
        slow = await Bus.connect(proxy.url, name="slow")
        proxy.delay_s = 0.1
        yield slow
        await slow.close()


async def test_an_answer_is_waited_for_once_the_other_has_all_that_was_asked(bus: Bus, slow: Bus):
    heard: list[int] = []

    async def answer(heard_now: Heard) -> None:
        heard.append(len(heard_now.body))
        await heard_now.answer(b"here")

    await bus.listen("ask.slowly", answer)
    assert await slow.request("ask.slowly", bytes(1_000_000), timeout=0.5) == b"here"
    assert heard == [1_000_000], "sent again, it would have kept the link from all else"


async def test_a_command_over_a_slow_link_is_sent_once_and_answered(
    bus: Bus, slow: Bus, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(door, "PATIENCE_S", 0.5)
    monkeypatch.setattr(door, "TRY_S", 0.5)
    heard: list[int] = []

    async def answer(heard_now: Heard) -> None:
        heard.append(len(heard_now.body))
        await heard_now.answer(b'{"accepted": true}')

    await bus.listen("ask.*.session.run", answer)
    asked = {"input": "x" * 1_000_000}
    assert await door.Door(slow).ask(uuid4(), "session", "run", asked) == {"accepted": True}
    assert len(heard) == 1


async def test_a_command_that_is_asked_again_takes_the_answer_to_the_first_time_too(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(door, "TRY_S", 0.1)
    heard: list[Heard] = []

    async def answer_the_first(heard_now: Heard) -> None:
        heard.append(heard_now)
        if len(heard) == 3:
            await heard[0].answer(b'{"accepted": true}')

    await bus.listen("ask.*.session.run", answer_the_first)
    assert await door.Door(bus).ask(uuid4(), "session", "run", {}) == {"accepted": True}


@pytest.mark.parametrize("said", [b"hello", b"[]", b"{}", b'{"stream": "ALL", "seq": 1}'])
async def test_an_answer_of_somebody_else_is_told_in_one_sentence(bus: Bus, said: bytes):
    async def answer(heard: Heard) -> None:
        await heard.answer(said)

    await bus.listen("ask.>", answer)
    asking = door.Door(bus)
    with pytest.raises(Unreachable, match="in place of the campaigns"):
        await import_file(asking, uuid4(), "contacts", b"name,email\n", {})
    with pytest.raises(Unreachable, match="in place of the orchestrator"):
        Accepted.of(await asking.ask(uuid4(), "session", "run", {}), str(uuid4()))


async def test_who_answers_one_after_the_other_answers_many_who_ask_at_once_each_once(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(door, "AT_ONCE", 4, raising=False)
    monkeypatch.setattr(door, "PATIENCE_S", 1.0)
    monkeypatch.setattr(door, "TRY_S", 1.0)
    turn, heard = asyncio.Lock(), Counter[bytes]()

    async def answer(heard_now: Heard) -> None:
        heard[heard_now.body] += 1
        async with turn:
            await asyncio.sleep(0.005)
            await heard_now.answer(b"{}")

    await bus.listen("ask.*.session.events", answer)
    asked = door.Door(bus)
    await asyncio.gather(*(asked.ask(uuid4(), "session", "events", {"one": one}) for one in range(400)))
    assert heard.total() == len(heard) == 400


async def test_an_answer_that_is_coming_in_is_not_late(bus: Bus, slow: Bus):
    async def answer(heard: Heard) -> None:
        await heard.answer(bytes(2_000_000))

    await bus.listen("ask.much", answer)
    assert len(await slow.request("ask.much", b"{}", timeout=1.5) or b"") == 2_000_000
    asked = slow.replies.many("ask.much", b"{}", is_last=lambda _: True, silence=1.5)
    assert [len(message.data) for message in await asked] == [2_000_000]


async def test_an_answer_that_stops_on_its_way_is_late(nats: Rig, bus: Bus):
    async with proxied(nats.url) as proxy:
        slow = await Bus.connect(proxy.url, name="slow")
        proxy.delay_s = 0.1

        async def answer(heard: Heard) -> None:
            asyncio.get_running_loop().call_later(0.7, proxy.silence)
            await heard.answer(bytes(2_000_000))

        await bus.listen("ask.stopped", answer)
        begun = asyncio.get_running_loop().time()
        assert await slow.request("ask.stopped", b"{}", timeout=0.5) is None
        assert asyncio.get_running_loop().time() - begun < 4
        proxy.resume()
        await slow.close()


async def test_what_is_heard_at_once_comes_in_order_and_a_failure_ends_nothing(bus: Bus):
    heard: list[bytes] = []

    def handle(message: Msg) -> None:
        heard.append(message.data)
        if message.data == b"1":
            raise ValueError

    subscription = await hear(bus.client, "told", handle)
    sent = [str(number).encode() for number in range(200)]
    with capture_logs() as logged:
        for body in sent:
            await bus.tell("told", body)
        await bus.settled()
    assert heard == sent
    assert [(line["event"], line["noun"]) for line in logged] == [("a message was not handled", "told")]
    await subscription.unsubscribe()
    await bus.tell("told", b"late")
    await bus.settled()
    assert (heard, subscription._pending_size) == (sent, 0)


async def test_what_comes_before_somebody_can_hear_at_once_is_heard_first(bus: Bus):
    class Slow:
        async def subscribe(self, subject: str, *, queue: str) -> Subscription:
            subscription = await bus.client.subscribe(subject, queue=queue)
            await bus.tell(subject, b"early")
            await bus.settled()
            return subscription

    heard: list[bytes] = []
    slow: Any = Slow()
    subscription = await hear(slow, "told", lambda message: heard.append(message.data))
    await bus.tell("told", b"late")
    await bus.settled()
    assert (heard, subscription._pending_size) == ([b"early", b"late"], 0)


async def test_of_those_who_share_a_queue_one_hears_each_message(bus: Bus):
    heard: list[bytes] = []
    for _ in range(2):
        await hear(bus.client, "told", lambda message: heard.append(message.data), queue="some")
    sent = [str(number).encode() for number in range(50)]
    for body in sent:
        await bus.tell("told", body)
    await bus.settled()
    assert sorted(heard) == sorted(sent)


async def test_whoever_waits_for_the_server_may_be_cancelled_at_any_moment(bus: Bus):
    for turns in range(200):
        waiting = asyncio.create_task(bus.settled())
        for _ in range(turns % 20):
            await asyncio.sleep(0)
        if waiting.cancel():
            with pytest.raises(asyncio.CancelledError):
                await waiting
    await bus.settled()
    assert await bus.publish("work.custom.a.after", b"{}", timeout=1)


@pytest.mark.parametrize(("cut", "alarms"), [(True, []), (False, ["NATS stores nothing"])])
async def test_only_a_nats_that_is_silent_on_one_connection_is_said_to_store_nothing(
    nats: Rig, bus: Bus, monkeypatch: pytest.MonkeyPatch, *, cut: bool, alarms: list[str]
):
    monkeypatch.setattr("shared.room.ELECTED_S", 0.0)
    async with proxied(nats.url) as proxy:
        slow = await Bus.connect(proxy.url, name="slow")
        proxy.silence()
        sent = asyncio.create_task(slow.publish("work.custom.a.lost", b"{}", timeout=3))
        await asyncio.sleep(0.2)
        if cut:
            await proxy.cut()
            proxy.resume()
            await until(lambda: slow.client.stats["reconnects"] == 1 and slow.client.is_connected)
        with capture_logs() as told, pytest.raises(TimeoutError):
            await sent
        assert [line["event"] for line in told if line["log_level"] == "error"] == alarms
        proxy.resume()
        await slow.close()


async def test_a_cluster_without_a_leader_for_longer_than_an_election_takes_is_said_to_store_nothing(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
):
    """It says at once that nobody is there for the stream; so it does of a subject that is of none."""
    monkeypatch.setattr("shared.room.ELECTED_S", 0.0)
    with capture_logs() as told, pytest.raises(NoStreamResponseError):
        await bus.publish("nowhere", b"{}")
    assert [line["event"] for line in told] == ["NATS stores nothing"]
