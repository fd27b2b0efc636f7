"""Asking a service: an answer, a refusal, or after some seconds the word that nobody is there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any
from uuid import UUID

from nats.errors import ConnectionClosedError, MaxPayloadError, NoRespondersError, OutboundBufferLimitError
from nats.errors import Error as NatsError

from shared import json, telemetry
from shared.bus import Bus
from shared.nats_urls import NATS_URL, told
from shared.refusal import Refusal
from shared.replies import sending_s
from shared.subjects import ask, operate
from totalaud.callers_span import callers_span
from totalaud.connection import place, way_out
from totalaud.errors import Closed, Unreachable
from totalaud.own_loop import OwnLoop

PATIENCE_S = 5.0
AGAIN_S = 0.1
TRY_S = 2.5
AT_ONCE = 64
OWNERS = {
    "session": "orchestrator",
    "skill": "orchestrator",
    "budget": "orchestrator",
    "projection": "projector",
}
RECORDS_OWNER = "campaigns"
PUBLISHED = {"stream", "seq"}
"""What JetStream answers to whoever sends to one of its streams."""


class _Answer(dict[str, Any]):
    """Tells by what it lacks that somebody else has answered."""

    owner: str

    def __missing__(self, field: str) -> None:
        raise _not_ours(self.owner, f"its answer has no {field!r}")


async def connect(url: str) -> Bus:
    """Connect to NATS; raises Unreachable when there is no server."""
    connecting = asyncio.ensure_future(Bus.connect(url, name="client", give_up=True))
    try:
        return await asyncio.wait_for(connecting, PATIENCE_S)
    except asyncio.CancelledError:
        await _let_go(connecting)
        raise
    except (OSError, NatsError, TimeoutError) as error:
        raise Unreachable(
            f"no NATS server answers at {place(url)} ({told(error)}): {way_out(NATS_URL)}"
        ) from None


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Bus]:
    """Be connected for as long as the block lasts."""
    bus = await connect(url)
    try:
        yield bus
    finally:
        await bus.close()


class Door:
    """Speaks to the services. Every body carries the ids of what it asks for, so asking again is harmless.

    So many questions are under way at once, the next ones wait for their turn: all together they would be
    asked again before the last is answered, and what waits to be answered would only grow.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._answered = 0.0
        self.loop = OwnLoop()

    @property
    def answered(self) -> bool:
        """Whether anybody has answered yet, so that the services are there."""
        return self._answered > 0

    async def ask(
        self, user: UUID, noun: str, verb: str, body: Any, *, once_s: float | None = None
    ) -> dict[str, Any]:
        """Ask a public command; raises Refusal or Unreachable. `once_s`: ask one time only, wait so long."""
        return await self._ask(ask(user, noun, verb), OWNERS.get(noun, RECORDS_OWNER), body, once_s)

    async def operate(
        self, noun: str, verb: str, body: Any, *, once_s: float | None = None
    ) -> dict[str, Any]:
        """Ask for what only the operator may."""
        return await self._ask(operate(noun, verb), OWNERS[noun], body, once_s)

    async def _ask(self, subject: str, owner: str, body: Any, once_s: float | None) -> dict[str, Any]:
        data = _written(body)
        self.loop.check()
        asked = asyncio.get_running_loop().time()
        async with nullcontext() if once_s else self._turns:
            return await self._asked(subject, owner, data, once_s, max(asked, self._answered))

    async def _asked(
        self, subject: str, owner: str, data: bytes, once_s: float | None, since: float
    ) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        until, try_s = since + PATIENCE_S, (once_s or TRY_S) + sending_s(data)
        parent = telemetry.traceparent() or callers_span()
        headers = {"traceparent": parent} if parent else None
        while True:
            try:
                reply = await self._bus.replies.one(
                    subject,
                    data,
                    timeout=try_s if once_s else max(until - loop.time(), try_s),
                    headers=headers,
                    again_s=None if once_s else try_s,
                )
            except MaxPayloadError:
                limit = self._bus.max_payload
                raise Refusal(
                    "too_large", None, f"the message has {len(data)} bytes, the server takes {limit}"
                ) from None
            except ConnectionClosedError:
                raise Closed from None
            except (NoRespondersError, OutboundBufferLimitError):
                await asyncio.sleep(AGAIN_S)
            except TimeoutError:
                until = 0
            else:
                self._answered = loop.time()
                return _answer(reply.data, owner)
            if loop.time() > until:
                raise self._unreachable(owner)

    def _unreachable(self, owner: str) -> Unreachable:
        if self._bus.client.is_connected:
            return Unreachable(f"no {owner} answers: is it running, and may this user ask it?")
        return Unreachable(f"the connection to NATS is lost, and is being tried again: {way_out(NATS_URL)}")


async def _let_go(connecting: "asyncio.Future[Bus]") -> None:
    """Close what was connected all the same: with Python 3.11 a wait inside may swallow a cancellation."""
    if connecting.done() and not connecting.cancelled() and connecting.exception() is None:
        await connecting.result().close()


def _written(body: Any) -> bytes:
    try:
        return json.checked(body)
    except (TypeError, RecursionError) as error:
        raise Refusal("invalid", None, f"the message cannot be written as JSON: {error}") from None


def _answer(body: bytes, owner: str) -> dict[str, Any]:
    try:
        answer = json.loads(body, json.AROUND)
    except Refusal:
        answer = None
    if not isinstance(answer, dict) or answer.keys() >= PUBLISHED:
        raise _not_ours(owner, "its answer is of another kind")
    error = answer.get("error")
    if isinstance(error, dict):
        raise Refusal(str(error.get("code")), error.get("field"), str(error.get("message")))
    told = _Answer(answer)
    told.owner = owner
    return told


def _not_ours(owner: str, why: str) -> Unreachable:
    return Unreachable(
        f"what answers in place of the {owner} is not of this release ({why}): "
        "another program, or a stream that takes its subjects"
    )
