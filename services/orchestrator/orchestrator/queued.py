"""Reports that lie in the queue, because nobody could take them into the log when they came."""

import asyncio
from uuid import UUID

from nats.errors import TimeoutError as NatsTimeout
from nats.js.errors import NotFoundError

from orchestrator.recording import read
from shared.bus import Bus
from shared.refusal import Refusal
from shared.streams import info
from shared.subjects import late
from shared.work import Report

TRIES, AGAIN_S = 100, 0.02


async def is_reported(bus: Bus, attempt_id: UUID) -> bool:
    """Tell whether anybody has queued a report about the attempt."""
    found = [await queued_report(bus, attempt_id, claimed=claimed) for claimed in (True, False)]
    return any(found)


async def queued_report(bus: Bus, attempt_id: UUID, *, claimed: bool = True) -> Report | None:
    """Return what a runner has queued about an attempt that it had claimed, or not; none that is refused.

    Whether there is one the queue's leader tells, for any other copy may be behind.

    Raises TimeoutError or a nats error while the queue is away.
    """
    subject = late(attempt_id, claimed=claimed)
    for _ in range(TRIES):
        if not (await info(bus, "CMD", subject)).state.subjects:
            return None
        try:
            found = await bus.client.jetstream().get_last_msg("CMD", subject, direct=True)
            report = read(found.data or b"")
        except NotFoundError:
            await asyncio.sleep(AGAIN_S)
        except Refusal:
            return None
        else:
            return report if report.attempt_id == attempt_id else None
    raise NatsTimeout
