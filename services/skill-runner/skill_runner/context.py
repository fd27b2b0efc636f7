"""What a custom skill is given beside its input; the module that a skill may import.

A skill is `run(input, context)`, a plain function beside its YAML. What it returns is its output. A generator
may `yield` what it has so far, each time the whole of it: the last one is kept as the partial result when the
skill fails, and is the output when nothing is returned. A skill may run twice and must bear it. What it
prints is not shown, unless TOTALAUD_SKILL_OUTPUT is set.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

if TYPE_CHECKING:
    from skill_runner.fetching import Fetched


class SkillError(Exception):
    """Raised by a skill on purpose: its message is shown as it is, so it must hold no personal value.

    Of any other exception only the type and the line are told. `retryable`: trying again may help.
    """

    retryable: bool = False
    code: str = "skill_error"

    def __init__(self, message: str, *, retryable: bool = False, code: str = "skill_error") -> None:
        super().__init__(message)
        self.retryable = retryable
        self.code = code


class Tables(Protocol):
    """The read model, as a worker reads it."""

    def rows(self, sql: str, named: dict[str, Any], log_seq: int, wait_s: float) -> list[dict[str, Any]]: ...


class Context:
    """Who asks, when, and what there is to read. The same for every run of an attempt's worker."""

    def __init__(
        self,
        user: UUID,
        now: datetime,
        *,
        tables: Tables,
        log_seq: int,
        wait_s: float,
        fetch_allow: str = "",
    ) -> None:
        self.user = user
        self._now = now
        self._tables = tables
        self._log_seq = log_seq
        self._wait_s = wait_s
        self._fetch_allow = fetch_allow

    def now(self) -> datetime:
        """Return the time at which the attempt began, UTC: the same throughout it."""
        return self._now

    def rows(self, sql: str, **named: Any) -> list[dict[str, Any]]:
        """Read from the tables with `:name` parameters; `:user` is bound always, and should be used.

        Before its first query the read model has all that had happened when the step was asked for. Ids are
        strings, numerics floats, JSON columns plain values; personal ones stay sealed and may be passed on.
        """
        return self._tables.rows(sql, {"user": self.user, **named}, self._log_seq, self._wait_s)

    def fetch(self, url: str, *, headers: Mapping[str, str] | None = None, **limits: Any) -> "Fetched":
        """GET a URL and return `.status`, `.headers`, `.body`, `.text`, `.json()`, whatever the status.

        Only public addresses on ports 80 and 443, and what TOTALAUD_FETCH_ALLOW names, also after each of at
        most three redirects. `limits`: `timeout_s` (10) and `max_bytes` (2 000 000). Raises SkillError.
        """
        from skill_runner.addresses import Allowed
        from skill_runner.fetching import fetch

        return fetch(url, Allowed.read(self._fetch_allow), headers=headers, **limits)
