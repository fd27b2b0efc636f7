"""Reading the dead letters: what could not be handled, why, and where the message itself lies."""

from typing import Any

from shared import json
from shared.bus import Bus

DIRECT_GET = "$JS.API.DIRECT.GET.DLQ"
PAGE = 500
WAIT_S = 5.0


async def dead_letters(bus: Bus, limit: int = 100) -> list[dict[str, Any]]:
    """Return the oldest `limit` letters: {dlq_seq, at, service, reason, stream, seq}."""
    found: list[dict[str, Any]] = []
    while len(found) < limit:
        page = await _page(bus, found[-1]["dlq_seq"] + 1 if found else 1, min(PAGE, limit - len(found)))
        if not page:
            break
        found += page
    return found


async def _page(bus: Bus, start: int, size: int) -> list[dict[str, Any]]:
    inbox = bus.client.new_inbox()
    subscription = await bus.client.subscribe(inbox)
    letters: list[dict[str, Any]] = []
    try:
        ask = json.dumps({"batch": size, "seq": start, "next_by_subj": "dlq.>"})
        await bus.client.publish(DIRECT_GET, ask, reply=inbox)
        while True:
            message = await subscription.next_msg(timeout=WAIT_S)
            headers = message.headers or {}
            if "Status" in headers:
                return letters
            letters.append(
                {
                    "dlq_seq": int(headers["Nats-Sequence"]),
                    "at": headers["Nats-Time-Stamp"],
                    "service": headers["Nats-Subject"].removeprefix("dlq."),
                    **json.loads(message.data),
                }
            )
    finally:
        await subscription.unsubscribe()
