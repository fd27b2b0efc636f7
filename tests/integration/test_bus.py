"""The pull loop delivers everything, whatever breaks; the streams are as they should be."""

import asyncio
import json
from collections import Counter

import pytest
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.js.api import PersistMode, StreamConfig

from proxy import proxied
from servers import Rig
from shared import pull, streams
from shared.bus import Bus
from shared.delivery import Delivery, Poison
from shared.hearing import hear
from shared.listening import Heard
from shared.refusal import Refusal


async def until(condition, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def killed_and_back(nats: Rig, bus: Bus) -> None:
    await nats.kill()
    await nats.start()
    await until(lambda: bus.client.is_connected)


async def test_everything_published_is_handled_once(bus: Bus):
    seen: Counter[str] = Counter()

    async def handle(delivery: Delivery) -> None:
        seen[delivery.subject] += 1
        await delivery.ack()

    loop = asyncio.create_task(bus.consume("WORK", "custom", handle, in_flight=7))
    for number in range(200):
        await bus.publish(f"work.custom.a.{number}", b"{}")
    await until(lambda: len(seen) == 200)
    await asyncio.sleep(0.3)
    loop.cancel()
    assert set(seen.values()) == {1}


async def test_a_slow_message_does_not_hold_up_the_others(bus: Bus):
    done: list[str] = []

    async def handle(delivery: Delivery) -> None:
        if delivery.subject.endswith("slow"):
            await asyncio.sleep(30)
        done.append(delivery.subject)
        await delivery.ack()

    loop = asyncio.create_task(bus.consume("WORK", "custom", handle, in_flight=2))
    await bus.publish("work.custom.a.slow", b"{}")
    for number in range(20):
        await bus.publish(f"work.custom.a.{number}", b"{}")
    await until(lambda: len(done) == 20)
    loop.cancel()


async def requested(bus: Bus) -> list[int]:
    """Return a list to which each pull from now on adds how many it asks for."""
    sizes: list[int] = []
    await hear(
        bus.client,
        "$JS.API.CONSUMER.MSG.NEXT.WORK.custom",
        lambda message: sizes.append(json.loads(message.data)["batch"]),
    )
    await bus.settled()
    return sizes


async def test_a_pull_that_runs_out_is_followed_by_one_for_what_it_did_not_bring(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pull, "EXPIRES_S", 4)
    seen: list[str] = []

    async def handle(delivery: Delivery) -> None:
        seen.append(delivery.subject)
        await delivery.ack()

    sizes = await requested(bus)
    loop = asyncio.create_task(bus.consume("WORK", "custom", handle, in_flight=5))
    await until(lambda: len(sizes) == 1)
    await asyncio.sleep(1)
    for number in range(2):
        await bus.publish(f"work.custom.a.{number}", b"{}")
    await until(lambda: len(sizes) == 4)
    assert sizes == [5, 2, 3, 2]
    await bus.publish("work.custom.a.late", b"{}")
    await until(lambda: len(seen) == 3, 5)
    loop.cancel()


async def test_how_many_may_be_in_flight_is_asked_before_each_pull(bus: Bus):
    most = 1
    begun: list[str] = []
    end = asyncio.Event()

    async def handle(delivery: Delivery) -> None:
        nonlocal most
        begun.append(delivery.subject)
        if len(begun) == 1:
            most = 3
            await delivery.ack()
        else:
            await end.wait()

    for number in range(9):
        await bus.publish(f"work.custom.a.{number}", b"{}")
    sizes = await requested(bus)
    loop = asyncio.create_task(bus.consume("WORK", "custom", handle, in_flight=lambda: most))
    await until(lambda: len(begun) == 4)
    loop.cancel()
    assert sizes == [1, 3]


async def test_after_a_reconnect_it_is_asked_again_at_once(
    nats: Rig, bus: Bus, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pull, "SILENCE_S", 60)

    async def handle(delivery: Delivery) -> None:
        await delivery.ack()

    sizes = await requested(bus)
    loop = asyncio.create_task(bus.consume("WORK", "custom", handle, in_flight=5))
    await until(lambda: sizes == [5])
    await killed_and_back(nats, bus)
    await until(lambda: sizes == [5, 5])
    loop.cancel()


async def test_a_pull_that_nobody_hears_is_made_again_after_a_silence(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pull, "SILENCE_S", 1.5)
    sizes = await requested(bus)
    seen: list[str] = []

    async def handle(delivery: Delivery) -> None:
        seen.append(delivery.subject)
        await delivery.ack()

    js = bus.client.jetstream()
    durable = (await js.consumer_info("WORK", "custom")).config
    await js.delete_consumer("WORK", "custom")
    loop = asyncio.create_task(bus.consume("WORK", "custom", handle, in_flight=5))
    await until(lambda: sizes == [5])
    await js.add_consumer("WORK", durable)
    await bus.publish("work.custom.a.1", b"{}")
    await until(lambda: len(seen) == 1)
    loop.cancel()


async def test_what_is_noted_is_acked_and_what_is_not_is_handled(bus: Bus):
    noted: list[str] = []
    handled: list[str] = []

    def even(delivery: Delivery) -> bool:
        if int(delivery.subject.rsplit(".", 1)[1]) % 2:
            return False
        noted.append(delivery.subject)
        return True

    async def handle(delivery: Delivery) -> None:
        handled.append(delivery.subject)
        await delivery.ack()

    subjects = [f"work.custom.a.{number}" for number in range(100)]
    for subject in subjects:
        await bus.publish(subject, b"{}")
    loop = asyncio.create_task(bus.consume("WORK", "custom", handle, in_flight=7, noted=even))
    async with asyncio.timeout(10):
        while (await bus.client.jetstream().consumer_info("WORK", "custom")).ack_floor.stream_seq < 100:
            await asyncio.sleep(0.02)
    loop.cancel()
    assert (noted, handled) == (subjects[::2], subjects[1::2])


async def test_messages_come_again_after_the_server_was_killed(nats: Rig, bus: Bus):
    seen: set[str] = set()

    async def handle(delivery: Delivery) -> None:
        seen.add(delivery.subject)
        await delivery.ack()

    loop = asyncio.create_task(bus.consume("WORK", "custom", handle, in_flight=5))
    await bus.publish("work.custom.a.1", b"{}")
    await until(lambda: len(seen) == 1)
    await killed_and_back(nats, bus)
    await bus.publish("work.custom.a.2", b"{}")
    await until(lambda: len(seen) == 2, 5)
    loop.cancel()


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


async def test_an_acknowledgement_never_meets_another_message_under_the_same_number(nats: Rig, bus: Bus):
    held: dict[str, Delivery] = {}
    end = asyncio.Event()

    async def handle(delivery: Delivery) -> None:
        held[delivery.subject] = delivery
        await end.wait()
        if delivery.subject == "work.custom.a.lost":
            await delivery.ack()

    loop = asyncio.create_task(bus.consume("WORK", "custom", handle, in_flight=2))
    await bus.publish("work.custom.a.lost", b"{}")
    await until(lambda: len(held) == 1)
    await killed_and_back(nats, bus)
    js = bus.client.jetstream()
    await js.delete_stream("WORK")
    await streams.provision(bus, ack_wait_s=30)
    await bus.publish("work.custom.a.next", b"{}")
    await until(lambda: len(held) == 2)
    end.set()
    await asyncio.sleep(0.3)
    loop.cancel()
    assert [delivery.seq for delivery in held.values()] == [1, 1]
    assert (await js.consumer_info("WORK", "custom")).num_ack_pending == 1


async def test_a_failing_handler_gets_its_message_again(bus: Bus):
    tries: list[int] = []

    async def handle(delivery: Delivery) -> None:
        tries.append(delivery.deliveries)
        if len(tries) < 3:
            raise ValueError
        await delivery.ack()

    loop = asyncio.create_task(bus.consume("WORK", "custom", handle, in_flight=5))
    await bus.publish("work.custom.a.1", b"{}")
    await until(lambda: len(tries) == 3)
    loop.cancel()


async def test_the_same_failure_five_times_is_a_dead_letter_without_the_body(bus: Bus):
    async def handle(_delivery: Delivery) -> None:
        raise ValueError("Maya Quill")

    loop = asyncio.create_task(bus.consume("WORK", "custom", handle, in_flight=5))
    ack = await bus.publish("work.custom.a.1", b'{"name":"Maya Quill"}')
    js = bus.client.jetstream()
    async with asyncio.timeout(20):
        while (await js.stream_info("DLQ")).state.messages == 0:
            await asyncio.sleep(0.1)
    loop.cancel()
    letter = json.loads((await js.get_last_msg("DLQ", "dlq.custom")).data)
    assert letter == {"reason": "ValueError", "stream": "WORK", "seq": ack.seq}


async def test_what_is_given_up_is_told_before_it_is_a_dead_letter_and_again_where_that_fails(bus: Bus):
    js = bus.client.jetstream()
    letters: list[int] = []

    async def handle(_delivery: Delivery) -> None:
        raise ValueError

    async def given_up(_delivery: Delivery) -> None:
        letters.append((await js.stream_info("DLQ")).state.messages)
        if len(letters) == 1:
            raise NoRespondersError

    loop = asyncio.create_task(bus.consume("WORK", "custom", handle, in_flight=5, given_up=given_up))
    await bus.publish("work.custom.a.1", b"{}")
    async with asyncio.timeout(20):
        while (await js.stream_info("DLQ")).state.messages == 0:
            await asyncio.sleep(0.05)
    loop.cancel()
    assert letters == [0, 0]


async def test_poison_is_a_dead_letter_at_once_and_is_told_to_nobody_else(bus: Bus):
    async def handle(_delivery: Delivery) -> None:
        raise Poison("it cannot be read")

    given_up: list[Delivery] = []

    async def hear_of(delivery: Delivery) -> None:
        given_up.append(delivery)

    loop = asyncio.create_task(bus.consume("WORK", "custom", handle, in_flight=5, given_up=hear_of))
    await bus.publish("work.custom.a.1", b"")
    js = bus.client.jetstream()
    async with asyncio.timeout(5):
        while (await js.stream_info("DLQ")).state.messages == 0:
            await asyncio.sleep(0.05)
    loop.cancel()
    assert json.loads((await js.get_last_msg("DLQ", "dlq.custom")).data)["reason"] == "it cannot be read"
    assert given_up == []


async def test_an_outage_is_not_poison(bus: Bus):
    tries = 0

    async def handle(delivery: Delivery) -> None:
        nonlocal tries
        tries += 1
        if tries < 6:
            raise ConnectionError
        await delivery.ack()

    loop = asyncio.create_task(bus.consume("WORK", "custom", handle, in_flight=5))
    await bus.publish("work.custom.a.1", b"{}")
    await until(lambda: tries == 6, 30)
    loop.cancel()
    assert (await bus.client.jetstream().stream_info("DLQ")).state.messages == 0


async def test_a_request_that_nobody_hears_has_no_answer(bus: Bus):
    assert await bus.request("ask.nobody", b"{}", timeout=0.3) is None


async def test_a_request_waits_for_whoever_comes_late(bus: Bus):
    async def answer(heard: Heard) -> None:
        await heard.answer(b"here")

    asked = asyncio.create_task(bus.request("ask.late", b"{}", timeout=3))
    await asyncio.sleep(0.3)
    await bus.listen("ask.late", answer)
    assert await asked == b"here"


async def test_provisioning_twice_changes_nothing(bus: Bus):
    await streams.provision(bus, ack_wait_s=2)


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


async def test_the_log_cannot_be_purged(bus: Bus):
    await bus.publish("evt.skill.a", b"{}")
    with pytest.raises(Exception, match="purge"):
        await bus.client.jetstream().purge_stream("EVT")


async def test_what_is_heard_at_once_comes_in_order_and_a_failure_ends_nothing(bus: Bus):
    heard: list[bytes] = []

    def handle(message: Msg) -> None:
        heard.append(message.data)
        if message.data == b"1":
            raise ValueError

    subscription = await hear(bus.client, "told", handle)
    sent = [str(number).encode() for number in range(200)]
    for body in sent:
        await bus.tell("told", body)
    await bus.settled()
    assert heard == sent
    await subscription.unsubscribe()
    await bus.tell("told", b"late")
    await bus.settled()
    assert (heard, subscription._pending_size) == (sent, 0)


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


async def test_what_is_handled_when_the_loop_is_cancelled_has_its_grace(bus: Bus):
    begun, ended = [], []

    async def handle(delivery: Delivery) -> None:
        begun.append(delivery.seq)
        await asyncio.sleep(0.2 if delivery.seq == 1 else 60)
        ended.append(delivery.seq)

    loop = asyncio.create_task(bus.consume("WORK", "custom", handle, in_flight=2, grace_s=1.5))
    for number in range(3):
        await bus.publish(f"work.custom.echo.{number}", b"{}")
    async with asyncio.timeout(10):
        while len(begun) < 2:
            await asyncio.sleep(0.01)
    loop.cancel()
    await asyncio.wait([loop])
    assert (begun, ended) == ([1, 2], [1])
