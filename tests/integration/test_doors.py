"""The doors answer whatever comes, to the last, and AsyncAPI names them."""

import asyncio
import json

import pytest
from faststream.nats import NatsBroker
from faststream.specification import AsyncAPI
from nats.js.errors import NoStreamResponseError
from structlog.testing import capture_logs

from busstage import until
from controls import SESSION, USER
from shared.bus import Bus
from shared.doors import AT_ONCE, Door, OpenDoors
from shared.jetstream_log import JetStreamLog
from shared.refusal import Refusal
from shared.subjects import session


async def echo(_subject: str, body: bytes, _headers: dict[str, str]) -> bytes:
    if body == b"bad":
        raise Refusal("invalid", "field", "field: it is bad")
    if body == b"broken":
        raise ValueError
    if body == b"away":
        raise NoStreamResponseError
    await asyncio.sleep(0.2 if body == b"slow" else 0)
    return body


DOOR = Door("ask.*.thing.*", echo, "Things", "`thing.do` takes `{}`.")


async def opened(bus: Bus) -> OpenDoors:
    doors = OpenDoors("things", NatsBroker())
    await doors.open(bus, [DOOR])
    return doors


async def asked(bus: Bus, body: bytes) -> bytes:
    answer = await bus.request("ask.a.thing.do", body, timeout=5)
    assert answer is not None
    return answer


async def test_a_refusal_is_an_answer_too(bus: Bus):
    await opened(bus)
    assert json.loads(await asked(bus, b"bad"))["error"]["field"] == "field"


@pytest.mark.parametrize(("body", "level"), [(b"broken", "error"), (b"away", "warning")])
async def test_what_fails_is_answered_as_unavailable_and_an_outage_of_nats_calls_nobody(
    bus: Bus, body, level
):
    await opened(bus)
    with capture_logs() as told:
        assert json.loads(await asked(bus, body))["error"]["code"] == "unavailable"
    assert [line["log_level"] for line in told] == [level]


async def test_a_history_that_cannot_be_read_is_no_outage_to_wait_for(bus: Bus):
    log, aggregate = JetStreamLog(bus), session(USER, SESSION)
    seq = (await bus.publish(aggregate.subject, b'{"events": [{"type": "OfALaterRelease"}]}')).seq

    async def read(_subject: str, body: bytes, _headers: dict[str, str]) -> bytes:
        await (log.load(aggregate) if body == b"all" else log.page(aggregate, 0, most=1, most_bytes=1))
        return body

    await OpenDoors("things", NatsBroker()).open(bus, [Door("ask.*.thing.*", read, "Things")])
    for body in (b"all", b"page"):
        error = json.loads(await asked(bus, body))["error"]
        assert error["code"] == "unreadable_history"
        assert f"sequence {seq} of the log, events[0].type" in error["message"]


async def test_more_requests_than_are_handled_at_once_are_all_answered(bus: Bus):
    await opened(bus)
    answers = await asyncio.gather(*(asked(bus, str(number).encode()) for number in range(3 * AT_ONCE)))
    assert sorted(map(int, answers)) == list(range(3 * AT_ONCE))


async def test_what_was_asked_before_the_doors_close_is_answered(bus: Bus):
    doors, before = await opened(bus), bus.client.stats["out_msgs"]
    asking = [asyncio.create_task(asked(bus, b"slow")) for _ in range(2 * AT_ONCE)]
    await until(lambda: bus.client.stats["out_msgs"] - before >= len(asking))
    await bus.settled()
    await doors.close()
    await bus.settled()
    await asyncio.sleep(0)
    assert [task.done() and task.result() for task in asking] == [b"slow"] * len(asking)


async def test_a_closed_door_hears_nothing(bus: Bus):
    await (await opened(bus)).close()
    assert await bus.request("ask.a.thing.do", b"{}", timeout=0.3) is None


async def test_asyncapi_names_the_doors():
    described = NatsBroker()
    doors = OpenDoors("things", described)
    doors.describe([DOOR])
    channel = AsyncAPI(described).to_specification().to_jsonable()["channels"]["Things"]
    assert (channel["address"], channel["description"]) == (DOOR.subject, DOOR.description)


async def test_asyncapi_says_that_what_is_asked_is_a_json_object():
    described = NatsBroker()
    OpenDoors("things", described).describe([DOOR])
    (payload,) = AsyncAPI(described).to_specification().to_jsonable()["components"]["schemas"].values()
    assert (payload["type"], payload["additionalProperties"]) == ("object", True)
