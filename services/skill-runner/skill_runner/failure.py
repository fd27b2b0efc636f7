"""How a run ends badly."""

from collections.abc import Iterable

from shared.events import AttemptError
from shared.schema import Problem

SHOWN = 3


class Failure(Exception):  # noqa: N818 - an outcome, not a fault of ours
    """A code for programs and a sentence for people, without any value of the input or the answer."""

    def __init__(self, code: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable

    def error(self) -> AttemptError:
        return AttemptError(code=self.code, message=self.message, retryable=self.retryable)


def sentence(problems: Iterable[Problem]) -> str:
    """Name the first problems by path and rule."""
    told = [str(problem) for problem in problems]
    more = f" (and {len(told) - SHOWN} more)" if len(told) > SHOWN else ""
    return "; ".join(told[:SHOWN]) + more
