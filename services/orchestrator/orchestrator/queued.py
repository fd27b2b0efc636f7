"""Reports that lie in the queue, because nobody could take them into the log when they came."""

from uuid import UUID

from nats.js.errors import NotFoundError

from orchestrator.recording import read
from shared.bus import Bus
from shared.refusal import Refusal
from shared.subjects import late
from shared.work import Report


async def queued_report(bus: Bus, attempt_id: UUID) -> Report | None:
    """Return what a runner has queued about its attempt; none that would be refused.

    Raises TimeoutError or a nats error while the queue is away.
    """
    try:
        found = await bus.client.jetstream().get_last_msg("CMD", late(attempt_id), direct=True)
        report = read(found.data or b"")
    except (NotFoundError, Refusal):
        return None
    return report if report.attempt_id == attempt_id else None
