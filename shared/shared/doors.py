"""The doors: requests that a service answers, heard by the bus itself. FastStream only describes them.

In FastStream's own path a request costs more than all that we do about it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from faststream.nats import NatsBroker

from shared import logs
from shared.bus import Bus
from shared.counts import refused
from shared.failures import NATS_AWAY
from shared.listening import Heard, Listening
from shared.log import BadCommit
from shared.refusal import Refusal
from shared.room import no_room

AT_ONCE = 64
LAST_ANSWERS_S = 15.0
MESSAGE_ID = "Nats-Msg-Id"
LONGEST_ID = 128
TRACEPARENT = "traceparent"
NO_ROOM = Refusal("unavailable", None, "NATS has no room left, nothing was stored: ask again once it has")
NOT_NOW = Refusal("unavailable", None, "the service could not do it now: ask again")
Handle = Callable[[str, bytes, dict[str, str]], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Door:
    """Requests on `subject` are answered by `handle(subject, body, headers)`; a Refusal is an answer too.

    `title` and `description` (Markdown) are what AsyncAPI says of it.
    """

    subject: str
    handle: Handle
    title: str
    description: str | None = None


def message_id(headers: dict[str, str]) -> str | None:
    """Return what the sender calls the message, which its commits repeat; raises Refusal for a long one."""
    name = headers.get(MESSAGE_ID)
    if name and len(name) > LONGEST_ID:
        raise Refusal("invalid", MESSAGE_ID, f"must have at most {LONGEST_ID} letters")
    return name


def sender_span(headers: dict[str, str]) -> str | None:
    """Return the `traceparent` of the sender; W3C lets its name be written in any case, as Go does."""
    return next((value for name, value in headers.items() if name.lower() == TRACEPARENT), None)


class OpenDoors:
    """`name` is the queue group: of several processes of a service, one answers."""

    def __init__(self, name: str, described: NatsBroker) -> None:
        self.name = name
        self.told: list[Door] = []
        self._described = described
        self._open: list[Listening] = []

    async def open(self, bus: Bus, doors: Sequence[Door]) -> None:
        self.describe(doors)
        for door in doors:
            answer = partial(give_answer, door.subject, door.handle)
            self._open.append(await bus.listen(door.subject, answer, queue=self.name, at_once=AT_ONCE))

    def describe(self, doors: Iterable[Door]) -> None:
        """Tell AsyncAPI of them, and whoever reads `told`."""
        for door in doors:
            self.told.append(door)
            subscriber = self._described.subscriber(
                door.subject, queue=self.name, title=door.title, description=door.description
            )
            subscriber(_any)

    async def close(self) -> None:
        """Take no more requests, and answer those that were taken."""
        await asyncio.gather(*(one.finish(LAST_ANSWERS_S) for one in self._open))


async def _any(body: dict[str, Any]) -> dict[str, Any]:
    return body


async def give_answer(door: str, handle: Handle, heard: Heard) -> None:
    """Answer what was heard, whatever comes of it: who hears nothing takes the service for gone."""
    await heard.answer(await _said(door, handle, heard))


async def _said(door: str, handle: Handle, heard: Heard) -> bytes:
    try:
        return await handle(heard.subject, heard.body, heard.headers)
    except Refusal as refusal:
        return refused(heard.subject, refusal)
    except BadCommit as bad:
        logs.get_logger().error("a history cannot be read", door=door, seq=bad.seq, reason=str(bad))
        return refused(heard.subject, _unreadable(bad))
    except Exception as error:  # noqa: BLE001 - an asker gets an answer
        if no_room(error):
            return refused(heard.subject, NO_ROOM)
        if isinstance(error, NATS_AWAY):
            logs.get_logger().warning("not now", door=door, reason=type(error).__name__)
        else:
            logs.get_logger().exception("no answer", door=door)
        return refused(heard.subject, NOT_NOW)


def _unreadable(bad: BadCommit) -> Refusal:
    return Refusal(
        "unreadable_history",
        None,
        f"what is asked for has a commit that cannot be read (sequence {bad.seq} of the log, {bad}): run the "
        "release that wrote it, or restore the log from a backup",
    )
