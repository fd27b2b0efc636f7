"""Reading a page of a stream without a consumer: JetStream's batched direct get."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from nats.aio.msg import Msg
from nats.errors import NoRespondersError

from shared.bus import Bus
from shared.json import dumps

ANSWER_S = 5.0
MOST_SUBJECTS = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """A message of a stream, not yet decoded."""

    seq: int
    subject: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in order, and whether there are more behind them."""

    entries: list[Entry]
    more: bool


async def read_page(
    bus: Bus, stream: str, subject: str, start: int, *, most: int = 1000, max_bytes: int | None = None
) -> Page:
    """Read up to `most` messages of a subject (wildcards allowed) from a sequence on.

    Raises TimeoutError or a nats error while the stream is away.
    """
    ask: dict[str, object] = {"batch": most, "next_by_subj": subject, "seq": max(1, start)}
    if max_bytes is not None:
        ask["max_bytes"] = max_bytes
    return await _ask(bus, stream, ask)


async def read_lasts(bus: Bus, stream: str, subjects: Sequence[str]) -> list[Entry]:
    """Read the last message of each literal subject that has one, at most MOST_SUBJECTS."""
    return (await _ask(bus, stream, {"multi_last": list(subjects)})).entries


async def _ask(bus: Bus, stream: str, ask: dict[str, object]) -> Page:
    """Ask, and gather the answer by a callback: a task for each message would cost more than the message."""
    found: list[Entry] = []
    loop = asyncio.get_running_loop()
    end: asyncio.Future[bool] = loop.create_future()

    async def hear(message: Msg) -> None:
        patience.reschedule(loop.time() + ANSWER_S)
        headers = message.headers or {}
        status = headers.get("Status")
        if status is None:
            found.append(Entry(int(headers["Nats-Sequence"]), headers["Nats-Subject"], message.data))
        elif not end.done():
            _end(end, status, headers)

    inbox = bus.client.new_inbox()
    subscription = await bus.client.subscribe(inbox, cb=hear)
    try:
        async with asyncio.timeout(ANSWER_S) as patience:
            await bus.client.publish(f"$JS.API.DIRECT.GET.{stream}", dumps(ask), reply=inbox)
            return Page(found, await end)
    finally:
        if not bus.client.is_closed:
            await subscription.unsubscribe()


def _end(end: "asyncio.Future[bool]", status: str, headers: dict[str, str]) -> None:
    """Tell whether there is more, or why there was no answer."""
    match status:
        case "204":
            end.set_result(int(headers.get("Nats-Num-Pending", "0")) > 0)
        case "404":
            end.set_result(False)
        case "503":
            end.set_exception(NoRespondersError())
        case _:
            end.set_exception(RuntimeError(f"direct get answered {status}"))
