"""Whoever asks has a turn, however much others ask."""

import asyncio
from collections import Counter

import pytest
from structlog.testing import capture_logs

from busstage import until
from shared.bus import Bus
from shared.listening import Heard
from shared.refusal import Refusal
from shared.waiting import AROUND


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
