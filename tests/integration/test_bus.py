"""Requests and what is heard on the bus, whoever is late, cancelled or away."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import NoRespondersError
from nats.js.errors import NoStreamResponseError
from structlog.testing import capture_logs

from busstage import killed_and_back, until
from proxy import proxied
from servers import Rig
from shared.bus import CONNECT, Bus, Complaints, shake_hands
from shared.hanging_up import drop
from shared.hearing import hear
from shared.listening import Heard
from shared.refusal import Refusal
from shared.waiting import AROUND
from totalaud import door
from totalaud.errors import Unreachable
from totalaud.importing import import_file
from totalaud.results import Accepted

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
    with pytest.raises(Unreachable, match="in the place of the campaigns"):
        await import_file(asking, uuid4(), "contacts", b"name,email\n", {})
    with pytest.raises(Unreachable, match="in the place of the orchestrator"):
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
    assert len(await slow.request("ask.much", b"{}", timeout=0.5) or b"") == 2_000_000
    asked = slow.replies.many("ask.much", b"{}", is_last=lambda _: True, silence=0.5)
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


async def test_an_answer_that_comes_too_late_does_not_end_the_connection(nats: Rig, bus: Bus):
    async with proxied(nats.url) as proxy:
        slow = await Bus.connect(proxy.url, name="slow")
        proxy.silence()
        with pytest.raises(TimeoutError):
            await slow.settled(0.1)
        proxy.resume()
        assert await slow.publish("work.custom.a.after", b"{}", timeout=1)
        await slow.close()


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


async def test_who_asks_once_is_heard_though_others_take_up_all_there_is(bus: Bus):
    heard: list[str] = []
    gate = asyncio.Event()

    async def handle(message: Heard) -> None:
        heard.append(message.subject.split(".")[1])
        await gate.wait()

    listening = await bus.listen("ask.*.run", handle, at_once=2)
    for user in ["many"] * 100 + ["one", "other", "one", "third"]:
        await bus.tell(f"ask.{user}.run", b"{}")
    await bus.settled()
    assert heard == ["many", "many", "one", "other"]
    gate.set()
    await until(lambda: len(heard) == 104)
    await listening.finish(1)
    assert sorted(heard[4:7]) == ["many", "one", "third"]


async def test_the_next_of_whoever_has_had_an_answer_is_heard_though_others_take_up_all_there_is(bus: Bus):
    heard: list[str] = []
    gates = {"many": asyncio.Semaphore(0), "one": asyncio.Semaphore(0)}

    async def handle(message: Heard) -> None:
        user = message.subject.split(".")[1]
        heard.append(user)
        await gates[user].acquire()

    listening = await bus.listen("ask.*.run", handle, at_once=2)
    for user in ["many"] * 4 + ["one"] * 3:
        await bus.tell(f"ask.{user}.run", b"{}")
    await bus.settled()
    for number in (4, 5):
        gates["one"].release()
        await until(lambda number=number: len(heard) == number)
    gates["one"].release()
    for _ in range(4):
        gates["many"].release()
    await until(lambda: len(heard) == 7)
    await listening.finish(1)
    assert heard == ["many", "many", "one", "one", "one", "many", "many"]


async def test_what_waits_for_its_turn_is_bounded_and_what_goes_beyond_is_dropped_and_told(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("shared.listening.MOST_WAITING_BYTES", AROUND + 20)
    heard: list[bytes] = []
    gate = asyncio.Semaphore(0)

    async def handle(message: Heard) -> None:
        heard.append(message.body)
        await gate.acquire()

    async def told(*bodies: bytes) -> list[str]:
        with capture_logs() as logs:
            for body in bodies:
                await bus.tell("ask.somebody.run", body)
            await bus.settled()
        return [line["event"] for line in logs]

    listening = await bus.listen("ask.*.run", handle, at_once=1)
    assert await told(b"is handled", b"waits here", b"is dropped") == [
        "too many messages wait, some are dropped"
    ]
    gate.release()
    await until(lambda: len(heard) == 2)
    assert await told(b"waits again") == []
    gate.release()
    await until(lambda: len(heard) == 3)
    gate.release()
    await listening.finish(1)
    assert heard == [b"is handled", b"waits here", b"waits again"]


async def test_of_a_flood_its_sender_s_own_messages_are_dropped_and_it_is_told_once(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("shared.listening.MOST_WAITING_BYTES", 10 * (AROUND + 20))
    heard: Counter[str] = Counter()
    gate = asyncio.Event()

    async def handle(message: Heard) -> None:
        await gate.wait()
        heard[message.subject] += 1

    listening = await bus.listen("ask.*.run", handle, at_once=1)
    with capture_logs() as logs:
        for subject in ["ask.many.run"] * 100 + ["ask.one.run"] * 4:
            await bus.tell(subject, b"")
        await bus.settled()
    gate.set()
    await listening.finish(5)
    assert heard == {"ask.many.run": 8, "ask.one.run": 4}
    assert len(logs) == 1


async def test_who_cannot_answer_yet_says_so_and_raises_no_alarm(bus: Bus):
    async def not_yet(_: Heard) -> None:
        raise Refusal("unavailable", None, "ask again")

    await bus.listen("report.*", not_yet)
    with capture_logs() as logs:
        await bus.tell("report.1", b"")
        await until(lambda: logs)
    assert [(line["log_level"], line["event"], line["reason"]) for line in logs] == [
        ("warning", "not now", "ask again")
    ]
