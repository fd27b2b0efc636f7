"""Listing the dead letters, on a NATS of its own."""

import pytest

from shared.bus import Bus
from shared.json import dumps
from shared.subjects import dead_letter
from totalaud.dead_letters import dead_letters
from totalaud.errors import Unreachable


async def buried(bus: Bus, count: int) -> None:
    for number in range(1, count + 1):
        letter = {"reason": "it cannot be read", "stream": "CMD", "seq": number}
        await bus.publish(dead_letter("orchestrator"), dumps(letter))


async def test_the_oldest_are_listed_whatever_a_page_holds(bus: Bus, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("totalaud.dead_letters.PAGE", 2)
    await buried(bus, 5)
    assert [one["dlq_seq"] for one in await dead_letters(bus)] == [1, 2, 3, 4, 5]
    first, *_, last = await dead_letters(bus, 3)
    assert (first["service"], first["reason"], first["stream"], first["seq"]) == (
        *("orchestrator", "it cannot be read", "CMD", 1),
    )
    assert (last["seq"], last["at"][:2]) == (3, "20")


async def test_where_there_are_none_the_list_is_empty(bus: Bus):
    assert await dead_letters(bus) == []


async def test_where_nobody_has_them_is_not_taken_for_none(bus: Bus):
    await bus.client.jetstream().delete_stream("DLQ")
    with pytest.raises(Unreachable, match="dead letters"):
        await dead_letters(bus)
