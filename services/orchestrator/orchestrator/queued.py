"""Reports that lie in the queue, because nobody could take them into the log when they came."""

from uuid import UUID

from nats.js.errors import NotFoundError

from orchestrator.recording import read
from shared.bus import Bus
from shared.log import read_until
from shared.refusal import Refusal
from shared.streams import info
from shared.subjects import late
from shared.work import Report


async def is_reported(bus: Bus, attempt_id: UUID) -> bool:
    """Tell whether anybody has queued a report about the attempt."""
    found = await queued_report(bus, attempt_id)
    return found is not None or await queued_report(bus, attempt_id, claimed=False) is not None


async def queued_report(bus: Bus, attempt_id: UUID, *, claimed: bool = True) -> Report | None:
    """Return what a runner has queued about an attempt that it had claimed, or not; none that is refused.

    Whether there is one the queue's leader tells, for any other copy may be behind.

    Raises TimeoutError or a nats error while the queue is away, Behind where no copy has it that is asked.
    """
    subject = late(attempt_id, claimed=claimed)

    async def last() -> bytes | None:
        try:
            return (await bus.client.jetstream().get_last_msg("CMD", subject, direct=True)).data or b""
        except NotFoundError:
            return None

    if not (await info(bus, "CMD", subject)).state.subjects:
        return None
    body = await read_until(lambda found: found is not None, last)
    try:
        report = read(body or b"")
    except Refusal:
        return None
    return report if report.attempt_id == attempt_id else None
