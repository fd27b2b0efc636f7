"""How an attempt ended goes into the log, as much of it as a commit can hold."""

from msgspec.structs import replace

from orchestrator.asked import ReportAttempt
from orchestrator.sessions import Decided, Sessions
from shared.events import AttemptError
from shared.json import AROUND, loads
from shared.log import TooLarge
from shared.message import Unreadable
from shared.refusal import Refusal
from shared.work import Report


def read(body: bytes) -> Report:
    """Read what a runner reported; raises Refusal for what the log may not hold."""
    try:
        return Report.of(loads(body, AROUND))
    except Unreadable as error:
        raise Refusal(error.code, error.field, str(error)) from None


async def record(sessions: Sessions, report: Report) -> Decided:
    """Record a report; of one that is too large the next step's input is left out first, then the output."""
    try:
        return await _append(sessions, ReportAttempt(report))
    except TooLarge as error:
        no_room = f"its input, and the output before it, make {_beyond(error)}: hand on less"
    try:
        return await _append(sessions, ReportAttempt(report, no_room))
    except TooLarge as error:
        return await _append(sessions, ReportAttempt(_without_output(report, error)))


async def _append(sessions: Sessions, command: ReportAttempt) -> Decided:
    report = command.report
    cause = str(report.attempt_id)
    return await sessions.decide(report.aggregate, command, at_least=report.seq, cause=cause)


def _without_output(report: Report, error: TooLarge) -> Report:
    """Keep the cost of an output that no commit can hold."""
    too_large = AttemptError(
        code="output_too_large", message=f"the output makes {_beyond(error)}: return less", retryable=False
    )
    return replace(report, output=None, partial=None, items=(), error=too_large)


def _beyond(error: TooLarge) -> str:
    return f"{error.size} bytes, the server takes {error.limit}"
