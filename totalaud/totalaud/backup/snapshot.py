"""JetStream's own snapshot of a stream, taken and put back over its API; nats-py has no helper for it."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Protocol, TypeVar

from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError, NoRespondersError
from nats.errors import Error as NatsError
from nats.js.api import StreamConfig

from shared.bus import Bus
from shared.direct_get import read_messages
from shared.json import dumps, loads
from shared.refusal import Refusal

CHUNK = 128 * 1024
WINDOW = 8 * 1024 * 1024
ANSWER_S = 60.0
RECOVERY_S = 3600.0
KNOWN_S = 10.0
LOOK_EVERY_S = 0.1
END = (None, "204")
GIVEN_UP = "closed pipe"
SLOW = "its disk may be too slow to sync each message: set sync_interval to 2m until all is restored"
Json = dict[str, Any]
T = TypeVar("T")


class Sink(Protocol):
    """Where a snapshot goes to."""

    def write(self, data: bytes, /) -> int: ...


class Source(Protocol):
    """Where a snapshot comes from."""

    def read(self, size: int, /) -> bytes: ...


async def take(bus: Bus, stream: str, sink: Sink) -> Json:
    """Copy the stream as it is now, with its consumers, while it goes on; return its state.

    Each chunk is acknowledged, or the server would send no more than a window of them.
    """
    inbox = bus.client.new_inbox()
    subscription = await bus.client.subscribe(inbox)
    ask = {"deliver_subject": inbox, "chunk_size": CHUNK, "window_size": WINDOW, "jsck": True}
    try:
        answer = await _ask(bus, f"$JS.API.STREAM.SNAPSHOT.{stream}", stream, dumps(ask), ANSWER_S)
        while (chunk := await subscription.next_msg(timeout=ANSWER_S)).data:
            sink.write(chunk.data)
            if chunk.reply:
                await bus.client.publish(chunk.reply)
    except (NatsError, TimeoutError) as error:
        raise _broken_off(stream, type(error).__name__) from None
    finally:
        await subscription.unsubscribe()
    if (status := (chunk.headers or {}).get("Status")) not in END:
        raise _broken_off(stream, f"NATS says {status}")
    state: Json = answer["state"]
    return state


async def put(bus: Bus, config: StreamConfig, state: Json, source: Source) -> Json:
    """Make the stream, which must not be there, from a snapshot; return its state.

    The configuration is this release's; when it was created, and what its consumers had acknowledged, is the
    snapshot's.
    """
    stream = str(config.name)
    ask = dumps({"config": config.as_dict(), "state": state})
    try:
        to = (await _ask(bus, f"$JS.API.STREAM.RESTORE.{stream}", stream, ask, ANSWER_S))["deliver_subject"]
        while chunk := source.read(CHUNK):
            await _ask(bus, to, stream, chunk, ANSWER_S)
        done = await _ask(bus, to, stream, b"", RECOVERY_S)
        async with asyncio.timeout(RECOVERY_S):
            while not await _connected(bus, _is_everywhere(bus, stream)):
                await asyncio.sleep(LOOK_EVERY_S)
    except (NatsError, TimeoutError) as error:
        raise _broken_off(stream, type(error).__name__) from None
    found: Json = done["state"]
    return found


async def _is_everywhere(bus: Bus, stream: str) -> bool:
    """A cluster says that it is done while it still copies: who reads then is told nothing, or too little."""
    try:
        cluster = (await bus.client.jetstream().stream_info(stream)).cluster
        if cluster and not (
            cluster.leader and all(one.current or one.offline for one in cluster.replicas or [])
        ):
            return False
        await read_messages(bus, stream, ">", 1, most=1)
    except (NatsError, TimeoutError):
        return False
    return True


async def _ask(bus: Bus, subject: str, stream: str, body: bytes, seconds: float) -> Json:
    reply = await _heard(bus, subject, body, seconds)
    answer: Json = loads(reply.data) if reply.data else {}
    if error := answer.get("error"):
        raise _broken_off(stream, str(error.get("description")))
    return answer


async def _heard(bus: Bus, subject: str, body: bytes, seconds: float) -> Msg:
    """In a cluster the answer with a subject can be here before this node knows who listens there."""
    loop = asyncio.get_running_loop()
    until = loop.time() + KNOWN_S
    while True:
        try:
            return await _connected(bus, bus.client.request(subject, body, timeout=seconds))
        except NoRespondersError:
            if loop.time() > until:
                raise
            await asyncio.sleep(LOOK_EVERY_S)


async def _connected(bus: Bus, asking: Awaitable[T]) -> T:
    """Return the answer; a server that is killed never gives one, which may have an hour.

    Raises ConnectionClosedError where the connection was lost meanwhile: an answer on it is lost too.
    """
    before = bus.client.stats["reconnects"]
    answer = asyncio.ensure_future(asking)
    try:
        while not (await asyncio.wait([answer], timeout=LOOK_EVERY_S))[0]:
            if not bus.client.is_connected or bus.client.stats["reconnects"] > before:
                raise ConnectionClosedError
        return answer.result()
    finally:
        answer.cancel()


def _broken_off(stream: str, reason: str) -> Refusal:
    hint = SLOW if GIVEN_UP in reason else "see the log of NATS"
    return Refusal("broken_off", stream, f"{stream} could not be copied: {reason}; {hint}")
