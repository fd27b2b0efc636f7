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


async def queued_report(bus: Bus, attempt_id: UUID) -> Report | None:
    """Return what a runner has queued about its attempt; none that would be refused.

    Whether there is one the queue's leader tells, for any other copy may be behind.

    Raises TimeoutError or a nats error while the queue is away.
    """
    subject = late(attempt_id)
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
