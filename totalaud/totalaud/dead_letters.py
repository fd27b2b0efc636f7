"""Reading the dead letters: what could not be handled, why, and where the message itself lies."""

from typing import Any

from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shared import json
from shared.bus import Bus
from shared.direct_get import read_messages
from totalaud.errors import Unreachable

PAGE = 500


async def dead_letters(bus: Bus, limit: int = 100) -> list[dict[str, Any]]:
    """Return the oldest `limit` letters: {dlq_seq, at, service, reason, stream, seq}; raises Unreachable."""
    found: list[dict[str, Any]] = []
    more = True
    while more and len(found) < limit:
        after, most = (found[-1]["dlq_seq"] if found else 0), min(PAGE, limit - len(found))
        try:
            messages, more = await read_messages(bus, "DLQ", "dlq.>", after + 1, most=most)
        except NatsError as error:
            raise Unreachable(
                f"NATS does not give the dead letters ({type(error).__name__}): "
                "is the stream DLQ there, and may this user read it?"
            ) from None
        found += map(_letter, messages)
    return found


def _letter(message: Msg) -> dict[str, Any]:
    headers = message.headers or {}
    return {
        "dlq_seq": int(headers["Nats-Sequence"]),
        "at": headers["Nats-Time-Stamp"],
        "service": headers["Nats-Subject"].removeprefix("dlq."),
        **json.loads(message.data),
    }
