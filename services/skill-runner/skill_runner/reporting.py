"""What a runner says of an attempt: that it wants to run it, must wait, goes on with it, how it ended.

A report is held and offered again until it is in the log or on disk.
"""

import asyncio
from decimal import Decimal
from typing import Any

import msgspec
from msgspec.structs import replace
from nats.errors import Error as NatsError

from shared import subjects
from shared.bus import Bus
from shared.logs import get_logger
from shared.message import Unreadable
from shared.quiet import Quiet
from shared.replies import sending_s
from shared.work import Answer, Claim, Deferral, Report, Work
from skill_runner.failure import Failure

ANSWER_S = 2.0
PAUSE_S, SAID_AGAIN_S = 0.5, 10.0
MARGIN = 1024


class Answered(msgspec.Struct):
    """What the orchestrator says of a report: `ok` when it is in the log."""

    ok: bool = False


_ANSWERED = msgspec.json.Decoder(Answered)


def about(work: Work) -> dict[str, Any]:
    """Return what names an attempt in each of a runner's messages."""
    return {
        "user": work.user,
        "noun": work.noun,
        "id": work.id,
        "step": work.step,
        "attempt_id": work.attempt_id,
        "seq": work.seq,
    }


async def claim(bus: Bus, work: Work, runner: str, most_usd: Decimal | None) -> Answer | None:
    """Ask to run a paid attempt; None when nobody answered."""
    body = Claim(**about(work), runner=runner, most_usd=most_usd).to_json()
    return await _answered(bus, subjects.claim(work.attempt_id), body, ANSWER_S)


async def beat(bus: Bus, work: Work, runner: str, within_s: float) -> Answer | None:
    """Ask to go on with a paid attempt; None when nobody answered in time."""
    body = Claim(**about(work), runner=runner).to_json()
    return await _answered(bus, subjects.beat(work.attempt_id), body, within_s)


async def defer(bus: Bus, work: Work, why: Failure) -> Answer | None:
    """Tell that an attempt stays in its queue; None when nobody answered."""
    body = Deferral(**about(work), code=why.code, message=why.message).to_json()
    return await _answered(bus, subjects.defer(work.attempt_id), body, ANSWER_S)


async def _answered(bus: Bus, subject: str, body: bytes, timeout: float) -> Answer | None:
    try:
        answer = await bus.request(subject, body, timeout=timeout)
        return None if answer is None else Answer.from_json(answer)
    except (Unreadable, NatsError, OSError):
        return None


async def deliver(bus: Bus, report: Report) -> None:
    """Return once the report is in the log, or on disk in CMD because nobody answered."""
    body, quiet = _fitting(bus, report), Quiet(SAID_AGAIN_S)
    while True:
        try:
            answer = await bus.request(subjects.report(report.attempt_id), body, timeout=ANSWER_S)
            if answer is not None and _ok(answer):
                return
            stored_s = ANSWER_S + sending_s(body)
            queue = subjects.late(report.attempt_id, claimed=report.claimed)
            await bus.publish(queue, body, timeout=stored_s)
        except (NatsError, OSError) as outage:
            if quiet.is_over():
                get_logger().warning(
                    "a report waits",
                    subject=report.aggregate.subject,
                    attempt=str(report.attempt_id),
                    reason=type(outage).__name__,
                )
            await asyncio.sleep(PAUSE_S)
        else:
            return


def _fitting(bus: Bus, report: Report) -> bytes:
    """Encode the report; one that the server would not take says so instead, its cost kept."""
    body = report.to_json()
    limit = bus.max_payload - MARGIN
    if len(body) <= limit:
        return body
    failure = Failure("output_too_large", f"the report has {len(body)} bytes, the server takes {limit}")
    error = report.error or failure.error()
    short = replace(report, output=None, partial=None, items=(), error=error)
    return short.to_json()


def _ok(answer: bytes) -> bool:
    try:
        return _ANSWERED.decode(answer).ok
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
