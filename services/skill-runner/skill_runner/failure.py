"""How a run ends badly."""

from collections.abc import Iterable

from shared.events import AttemptError
from shared.schema import Problem

SHOWN = 3
LONGEST = 500


class Failure(Exception):  # noqa: N818 - an outcome, not a fault of ours
    """A code for programs and a sentence for people, without any value of the input or the answer.

    `in_doubt`: a provider may have done the work, and be paid for it, though its answer did not arrive.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool = False,
        retry_after_s: float | None = None,
        in_doubt: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.in_doubt = in_doubt

    def error(self) -> AttemptError:
        """Return what the log keeps."""
        return AttemptError(
            code=_kept(self.code),
            message=_kept(self.message),
            retryable=self.retryable,
            retry_after_s=self.retry_after_s,
        )


def _kept(text: str) -> str:
    """Take out what jsonb cannot hold, and what is too much."""
    return text.replace("\0", " ").encode(errors="replace").decode()[:LONGEST]


def sentence(problems: Iterable[Problem], whole: str) -> str:
    """Name the first problems by path and rule; `whole` is what a problem of no single field is one of."""
    told = [str(problem) if problem.path else f"{whole} {problem.message}" for problem in problems]
    more = f" (and {len(told) - SHOWN} more)" if len(told) > SHOWN else ""
    return "; ".join(told[:SHOWN]) + more
