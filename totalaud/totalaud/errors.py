"""What a caller has to reckon with, beside `shared.refusal.Refusal`."""

from typing import Any

from shared.portable import Portable


class Unreachable(Exception):  # noqa: N818 - says what is not there
    """A server or service did not answer; nothing is known to have happened."""


class Closed(Unreachable):
    """The client was closed, or NATS turned it away for good: it comes back by connecting anew only."""

    def __init__(self, message: str = "this client is closed: connect anew") -> None:
        super().__init__(message)


class WorkflowFailed(Portable):
    """The session ended without its result; `client.retry(session_id)` goes on from the failed step.

    `outputs` is aligned with the steps, None where there is none; `partial` is what the failed one yielded.
    `failed_step` counts from 1; None when it was cancelled or refused. `seq` is the log's at the end.
    """

    def __init__(
        self,
        session_id: str,
        *,
        failed_step: int | None,
        outputs: list[Any],
        code: str,
        message: str,
        partial: Any = None,
        seq: int = 0,
    ) -> None:
        where = f", step {failed_step}" if failed_step else ""
        super().__init__(f"session {session_id}{where}: {code}: {message}")
        self.session_id = session_id
        self.failed_step = failed_step
        self.outputs = outputs
        self.code = code
        self.message = message
        self.partial = partial
        self.seq = seq


class SkillFailed(Portable):
    """A skill run alone ended with an error; `partial` is what it had yielded, `seq` the log's at the end."""

    def __init__(
        self, execution_id: str, *, code: str, message: str, partial: Any = None, seq: int = 0
    ) -> None:
        super().__init__(f"execution {execution_id}: {code}: {message}")
        self.execution_id = execution_id
        self.code = code
        self.message = message
        self.partial = partial
        self.seq = seq
