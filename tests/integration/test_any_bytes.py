"""Whatever bytes a sender writes, the connection that hears them goes on reading."""

import asyncio

import pytest

import rawnats
from busstage import until
from shared.bus import Bus
from shared.delivery import Delivery
from shared.listening import Heard
from shared.pull import Puller

SENT = {
    "a subject that is no UTF-8": (b".\xff", b"", b""),
    "a subject with a form feed": (b".a\x0cb", b"", b""),
    "a subject that ends like a subscription's number": (b".a\x0b1", b"", b""),
    "an answer's address that is no UTF-8": (b".a", b"to.\xff", b""),
    "such an address as long as NATS takes": (b".a", b"\xff" * 3900, b""),
    "an answer's address with a form feed": (b".a", b"to\x0b1", b""),
    "a status that is no UTF-8": (b".a", b"", b"NATS/1.0 \xff\xff\xff\r\n\r\n"),
    "words beside a status that are no UTF-8": (b".a", b"", b"NATS/1.0 200 \xff\xff\r\n\r\n"),
    "headers of no line": (b".a", b"", b"NATS/1.0"),
    "headers of one letter": (b".a", b"", b"\n"),
}


@pytest.mark.parametrize("sent", SENT.values(), ids=SENT.keys())
async def test_a_door_hears_it_and_the_next_question(bus: Bus, nats_url: str, sent: tuple[bytes, ...]):
    heard: list[Heard] = []

    async def answer(one: Heard) -> None:
        heard.append(one)
        await one.answer(b"{}")

    await bus.listen("ask.*.*", answer)
    await bus.settled()
    subject, reply, head = sent
    await rawnats.publish(nats_url, b"ask.session" + subject, b"{}", reply=reply, head=head)
    await until(lambda: heard)
    assert await bus.request("ask.session.b", b"") == b"{}"
    assert [one.body for one in heard] == [b"{}", b""]
    assert bus.client.stats["reconnects"] == 0


@pytest.mark.parametrize("sent", SENT.values(), ids=SENT.keys())
async def test_a_queue_brings_it_and_what_is_behind_it(bus: Bus, nats_url: str, sent: tuple[bytes, ...]):
    brought: list[int] = []

    async def handle(delivery: Delivery) -> None:
        brought.append(delivery.seq)
        await delivery.ack()

    subject, _, head = sent
    await rawnats.publish(nats_url, b"cmd.session" + subject, b"{}", head=head)
    behind = await bus.publish("cmd.session.b", b"{}")
    loop = asyncio.create_task(Puller(bus, "CMD", "orchestrator", handle, in_flight=2).run())
    await until(lambda: len(brought) == 2)
    loop.cancel()
    assert brought == [behind.seq - 1, behind.seq]
    assert bus.client.stats["reconnects"] == 0
