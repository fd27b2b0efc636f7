"""Pulling messages of a durable: once, again, never, and what becomes of those that fail."""

import asyncio
import json
from collections import Counter
from itertools import pairwise

import pytest
from nats.errors import NoRespondersError
from structlog.testing import capture_logs

from busstage import killed_and_back, until
from servers import Rig
from shared import pull, streams
from shared.bus import Bus
from shared.delivery import Delivery, Poison
from shared.hearing import hear
from shared.pull import Puller


async def test_everything_published_is_handled_once(bus: Bus):
    seen: Counter[str] = Counter()

    async def handle(delivery: Delivery) -> None:
        seen[delivery.subject] += 1
        await delivery.ack()

    loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=7).run())
    for number in range(200):
        await bus.publish(f"work.custom.a.{number}", b"{}")
    await until(lambda: len(seen) == 200)
    await asyncio.sleep(0.3)
    loop.cancel()
    assert set(seen.values()) == {1}


async def test_a_pull_that_brought_all_it_asked_for_is_nothing_to_warn_of(bus: Bus):
    done: list[str] = []

    async def handle(delivery: Delivery) -> None:
        done.append(delivery.subject)
        await delivery.ack()

    with capture_logs() as logs:
        loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=1).run())
        for number in range(5):
            await bus.publish(f"work.custom.a.{number}", b"{}")
        await until(lambda: len(done) == 5)
        await asyncio.sleep(0.3)
        loop.cancel()
    assert logs == []


@pytest.mark.parametrize("status", ["100", "404", "409"])
async def test_a_message_whose_sender_gave_it_a_status_of_nats_is_a_message_like_any_other(
    bus: Bus, status: str
):
    seen: Counter[str] = Counter()

    async def handle(delivery: Delivery) -> None:
        seen[delivery.subject] += 1
        await delivery.ack()

    with capture_logs() as logs:
        loop = asyncio.create_task(Puller(bus, "CMD", "orchestrator", handle, in_flight=2).run())
        for number in range(20):
            headers = {"Status": status, "Nats-Pending-Messages": "many"}
            await bus.publish(f"cmd.{number}", b"{}", headers=headers)
        await bus.publish("cmd.of-somebody-else", b"{}")
        await until(lambda: len(seen) == 21)
        await asyncio.sleep(0.3)
        loop.cancel()
    assert set(seen.values()) == {1}
    assert logs == []


async def test_a_slow_message_does_not_hold_up_the_others(bus: Bus):
    done: list[str] = []

    async def handle(delivery: Delivery) -> None:
        if delivery.subject.endswith("slow"):
            await asyncio.sleep(30)
        done.append(delivery.subject)
        await delivery.ack()

    loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=2).run())
    await bus.publish("work.custom.a.slow", b"{}")
    for number in range(20):
        await bus.publish(f"work.custom.a.{number}", b"{}")
    await until(lambda: len(done) == 20)
    loop.cancel()


async def test_large_messages_come_once_each_and_nobody_is_cut_off(bus: Bus):
    seen: Counter[str] = Counter()
    reconnected = asyncio.Event()

    async def handle(delivery: Delivery) -> None:
        seen[delivery.subject] += 1
        await delivery.ack()

    async def hear_of_it() -> None:
        reconnected.set()

    bus.on_reconnect(hear_of_it)
    for number in range(20):
        await bus.publish(f"work.custom.a.{number}", b"x" * 7_000_000)
    loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=64).run())
    await until(lambda: len(seen) == 20)
    loop.cancel()
    assert set(seen.values()) == {1}
    assert not reconnected.is_set()


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


async def test_a_pull_that_runs_out_is_followed_by_one_for_what_it_did_not_bring_and_nothing_to_warn_of(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pull, "EXPIRES_S", 4)
    seen: list[str] = []

    async def handle(delivery: Delivery) -> None:
        seen.append(delivery.subject)
        await delivery.ack()

    sizes = await requested(bus)
    with capture_logs() as logs:
        loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=5).run())
        await until(lambda: len(sizes) == 1)
        await asyncio.sleep(1)
        for number in range(2):
            await bus.publish(f"work.custom.a.{number}", b"{}")
        await until(lambda: len(sizes) == 4)
        assert sizes == [5, 2, 3, 2]
        await bus.publish("work.custom.a.late", b"{}")
        await until(lambda: len(seen) == 3, 5)
        loop.cancel()
    assert logs == []


async def test_a_pull_that_is_refused_is_made_again_each_second_and_told_of_now_and_then(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pull, "SAID_AGAIN_S", 1.5 * pull.HEARTBEAT_S)
    with capture_logs() as logs:
        began = asyncio.get_running_loop().time()
        loop = asyncio.create_task(Puller(bus, "WORK", "nobody", pull.do_nothing, in_flight=5).run())
        await until(lambda: len(logs) == 2)
        loop.cancel()
    assert asyncio.get_running_loop().time() - began > pull.SAID_AGAIN_S
    refused = {"event": "pull refused", "stream": "WORK", "durable": "nobody", "status": "503"}
    assert logs == [refused | {"log_level": "warning"}] * 2


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
    loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=lambda: most).run())
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
    loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=5).run())
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
    loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=5).run())
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
    loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=7, noted=even).run())
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

    loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=5).run())
    await bus.publish("work.custom.a.1", b"{}")
    await until(lambda: len(seen) == 1)
    await killed_and_back(nats, bus)
    await bus.publish("work.custom.a.2", b"{}")
    await until(lambda: len(seen) == 2, 5)
    loop.cancel()


async def test_an_acknowledgement_never_meets_another_message_under_the_same_number(nats: Rig, bus: Bus):
    held: dict[str, Delivery] = {}
    end = asyncio.Event()

    async def handle(delivery: Delivery) -> None:
        held[delivery.subject] = delivery
        await end.wait()
        if delivery.subject == "work.custom.a.lost":
            await delivery.ack()

    thrice = 3  # NATS may give the first one again once it is back
    loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=thrice).run())
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

    loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=5).run())
    await bus.publish("work.custom.a.1", b"{}")
    await until(lambda: len(tries) == 3)
    loop.cancel()


async def test_the_same_failure_five_times_ever_later_is_a_dead_letter_without_the_body(bus: Bus):
    tried: list[float] = []

    async def handle(_delivery: Delivery) -> None:
        tried.append(asyncio.get_running_loop().time())
        raise ValueError("Maya Quill")

    loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=5).run())
    ack = await bus.publish("work.custom.a.1", b'{"name":"Maya Quill"}')
    js = bus.client.jetstream()
    async with asyncio.timeout(20):
        while (await js.stream_info("DLQ")).state.messages == 0:
            await asyncio.sleep(0.1)
    loop.cancel()
    letter = json.loads((await js.get_last_msg("DLQ", "dlq.custom")).data)
    assert letter == {"reason": "ValueError", "stream": "WORK", "seq": ack.seq}
    pauses = [later - sooner for sooner, later in pairwise(tried)]
    assert len(pauses) == 4
    assert all(pause > 0.19 * 2**number for number, pause in enumerate(pauses))


async def test_what_is_given_up_is_told_before_it_is_a_dead_letter_and_again_where_that_fails(bus: Bus):
    js = bus.client.jetstream()
    letters: list[int] = []

    async def handle(_delivery: Delivery) -> None:
        raise ValueError

    async def given_up(_delivery: Delivery) -> None:
        letters.append((await js.stream_info("DLQ")).state.messages)
        if len(letters) == 1:
            raise NoRespondersError

    loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=5, given_up=given_up).run())
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

    loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=5, given_up=hear_of).run())
    await bus.publish("work.custom.a.1", b"")
    js = bus.client.jetstream()
    async with asyncio.timeout(5):
        while (await js.stream_info("DLQ")).state.messages == 0:
            await asyncio.sleep(0.05)
    loop.cancel()
    assert json.loads((await js.get_last_msg("DLQ", "dlq.custom")).data)["reason"] == "it cannot be read"
    assert given_up == []


async def test_poison_that_may_be_personal_is_erased_once_its_dead_letter_is_there(bus: Bus):
    async def handle(_delivery: Delivery) -> None:
        raise Poison("it is refused", erase=True)

    loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=5).run())
    ack = await bus.publish("work.custom.a.1", b'{"name":"Maya Quill"}')
    js = bus.client.jetstream()
    async with asyncio.timeout(5):
        while (await js.stream_info("WORK")).state.messages:
            await asyncio.sleep(0.05)
    loop.cancel()
    assert json.loads((await js.get_last_msg("DLQ", "dlq.custom")).data)["seq"] == ack.seq


async def test_an_outage_is_not_poison(bus: Bus):
    tries = 0

    async def handle(delivery: Delivery) -> None:
        nonlocal tries
        tries += 1
        if tries < 6:
            raise ConnectionError
        await delivery.ack()

    loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=5).run())
    await bus.publish("work.custom.a.1", b"{}")
    await until(lambda: tries == 6, 30)
    loop.cancel()
    assert (await bus.client.jetstream().stream_info("DLQ")).state.messages == 0


async def test_what_is_handled_when_the_loop_is_cancelled_has_its_grace_and_nothing_else_is_begun(bus: Bus):
    begun, ended = [], []

    async def handle(delivery: Delivery) -> None:
        begun.append(delivery.seq)
        await asyncio.sleep(0.2 if delivery.seq == 1 else 60)
        ended.append(delivery.seq)

    loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=3, grace_s=1.5).run())
    for number in range(2):
        await bus.publish(f"work.custom.echo.{number}", b"{}")
    async with asyncio.timeout(10):
        while len(begun) < 2:
            await asyncio.sleep(0.01)
    loop.cancel()
    await asyncio.sleep(0.05)
    await bus.publish("work.custom.echo.late", b"{}")
    await asyncio.wait([loop])
    assert (begun, ended) == ([1, 2], [1])


async def test_a_loop_that_handles_nothing_ends_quietly_though_its_connection_was_closed_before(
    nats_url: str, bus: Bus
):
    done: list[str] = []

    async def handle(delivery: Delivery) -> None:
        await delivery.ack()
        done.append(delivery.subject)

    other = await Bus.connect(nats_url, name="other")
    loop = asyncio.create_task(Puller(other, "WORK", "custom", handle, in_flight=1, grace_s=1).run())
    await bus.publish("work.custom.a.1", b"{}")
    await until(lambda: len(done) == 1)
    await other.close()
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop


async def test_what_is_cut_off_has_tidied_up_once_the_loop_has_ended(bus: Bus):
    begun: list[str] = []
    tidied: list[str] = []

    async def handle(delivery: Delivery) -> None:
        begun.append(delivery.subject)
        takes_s = 0.1 * len(begun)
        try:
            await asyncio.sleep(30)
        finally:
            await asyncio.sleep(takes_s)
            tidied.append(delivery.subject)

    loop = asyncio.create_task(Puller(bus, "WORK", "custom", handle, in_flight=2).run())
    for number in range(2):
        await bus.publish(f"work.custom.a.{number}", b"{}")
    await until(lambda: len(begun) == 2)
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop
    assert tidied == begun
