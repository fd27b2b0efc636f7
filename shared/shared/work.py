"""What the orchestrator and the skill-runners say to each other."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from shared.events import AttemptError
from shared.message import Stored
from shared.subjects import Aggregate, Pool, Run, run
from shared.usage import Cached, ModelCall, Usage

LOST = "lost"
"""The code of an attempt that has ended without its runner's word on all that it may have paid."""


class Done(Stored, frozen=True, kw_only=True):
    """Of a skill that asks for each item of a list: answers that are in the log already, and their places."""

    partial: Any
    items: tuple[int, ...]


class About(Stored, frozen=True, kw_only=True):
    """Names the attempt that a message is about.

    `seq` is the last commit of its session at dispatch, mostly the one that asked for it.
    """

    user: UUID
    noun: Run
    id: UUID
    step: int
    attempt_id: UUID
    seq: int

    @property
    def aggregate(self) -> Aggregate:
        return run(self.user, self.noun, self.id)


class Work(About, frozen=True, kw_only=True):
    """One attempt to be run, on `work.<pool>.<skill>.<attempt_id>`.

    A skill that reads tables waits until the projection has `log_seq`, which is `seq` once more.
    `traceparent` is the attempt's own span, parent of the runner's. Personal values in `input` are sealed.
    `done` is what an earlier attempt has paid for.
    """

    attempt: int
    skill: str
    skill_hash: str
    pool: Pool
    input: dict[str, Any]
    timeout_s: float
    log_seq: int
    fresh: bool = False
    done: Done | None = None
    traceparent: str | None = None


class Report(About, frozen=True, kw_only=True):
    """How an attempt ended, on `report.<attempt_id>` or in the queue: `error` is None on success.

    Output and partial output are validated and sealed; `items` are the places in the list of what `partial`
    holds, `calls` what was asked of models. `duration_ms` is the runner's monotonic time. With `unclaimed` a
    paid attempt ended before the runner asked to start it: then, and with a result from the cache, it counts
    only if nobody else did. With `runner` too, that one asked, was never told to run it, and called nobody:
    then it counts where its claim is in the log. The answer `{"ok": true}` means that it is in the log.
    """

    output: Any = None
    error: AttemptError | None = None
    partial: Any = None
    items: tuple[int, ...] = ()
    usage: Usage | None = None
    calls: tuple[ModelCall, ...] = ()
    started_at: datetime
    duration_ms: int
    warnings: tuple[str, ...] = ()
    cache_key: str | None = None
    cached: Cached | None = None
    unclaimed: bool = False
    runner: str | None = None

    @property
    def claimed(self) -> bool:
        """Whether it counts whoever else runs the attempt."""
        return not self.unclaimed and self.cached is None


class Claim(About, frozen=True, kw_only=True):
    """Asks to run a paid attempt on `attempt.<attempt_id>.start`; on `.beat` it is the heartbeat.

    `most_usd` is the most that its calls can cost: 0 where they are simulated, None where no price is known.
    """

    runner: str
    most_usd: Decimal | None = Decimal(0)


class Deferral(About, frozen=True, kw_only=True):
    """Tells, on `attempt.<attempt_id>.defer`, why an attempt stays in its queue."""

    code: str
    message: str


class Answer(Stored, frozen=True, kw_only=True):
    """What the orchestrator answers a claim, heartbeat or deferral.

    run: call now, and beat every third of `lease_s`. drop: the attempt is no longer awaited, ack the work.
    later: it stays in the queue, or somebody else runs it until `lease_s` at least. abort: (heartbeat) stop
    the running work and report it with error code `cancelled` and its usage.
    """

    verdict: Literal["run", "drop", "later", "abort"]
    lease_s: float
