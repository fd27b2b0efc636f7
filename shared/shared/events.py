"""What has happened. These classes are the stored format: add, never edit.

Identity, time, cause and trace ride in the commit around them (`shared.commit`).
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from shared.definitions import AgentDefinition, InDoubt, SkillDefinition
from shared.ledger_events import LedgerEvent, Policy, Scope
from shared.message import Happened, Stored
from shared.record_events import RecordEvent
from shared.subjects import Pool
from shared.usage import Cached, ModelCall, Usage

LONGEST_PATIENCE_S = 86_400.0


class PlannedStep(Stored, frozen=True, kw_only=True):
    """One step as accepted: its skill pinned by hash, its input with templates unresolved.

    `agent` is the agent that has the skill: another one than the session's is a hand-off. `fresh`: no result
    that is there already will do.
    """

    number: int
    skill: str
    skill_hash: str
    agent: str | None = None
    pool: Pool
    input: dict[str, Any]
    id: str | None = None
    description: str | None = None
    timeout_s: float
    max_attempts: int
    backoff_s: float
    fresh: bool = False
    in_doubt: InDoubt = "repeat"


class Budget(Stored, frozen=True, kw_only=True):
    """How much a session may spend, US dollars (None: no limit), and what becomes of a step it stops."""

    limit_usd: Decimal | None = None
    policy: Policy = "fail"


class AttemptError(Stored, frozen=True, kw_only=True):
    """Why an attempt failed: `code` for programs, `message` for people, without any value of the input.

    `retry_after_s` is what the provider asked for; no retry waits longer than LONGEST_PATIENCE_S for it.
    """

    code: str
    message: str
    retryable: bool
    retry_after_s: float | None = None


class SessionStarted(Happened, frozen=True, kw_only=True):
    """A workflow was accepted, or a stand-alone skill (one step, `agent` None, perhaps beside a session).

    `fingerprint` tells the same command from another one under the same id.
    """

    agent: str | None = None
    steps: tuple[PlannedStep, ...]
    input: dict[str, Any]
    fingerprint: str
    beside_session: UUID | None = None
    budget: Budget | None = None


class SessionRefused(Happened, frozen=True, kw_only=True):
    """A queued start was refused; it will never run."""

    agent: str | None = None
    code: str
    field: str | None = None
    message: str
    fingerprint: str


class StepHandedOff(Happened, frozen=True, kw_only=True):
    """A step of this session is another agent's skill."""

    step: int
    from_agent: str
    to_agent: str


class AttemptRequested(Happened, frozen=True, kw_only=True):
    """Asks for one attempt at one step, templates resolved; the number never restarts."""

    step: int
    attempt: int
    attempt_id: UUID
    skill: str
    skill_hash: str
    pool: Pool
    input: dict[str, Any]
    timeout_s: float
    fresh: bool = False


class AttemptStarted(Happened, frozen=True, kw_only=True):
    """A runner claimed the attempt before a paid call; heartbeats keep the claim alive."""

    step: int
    attempt_id: UUID
    runner: str
    lease_until: datetime
    reserved_usd: Decimal | None = None


class AttemptDeferred(Happened, frozen=True, kw_only=True):
    """The attempt waits in its queue, where it costs nothing: its model takes no call now.

    Told once, when it has waited for more than a moment; `code` and `message` are as in `AttemptError`.
    """

    step: int
    attempt_id: UUID
    code: str
    message: str


class AttemptStopped(Happened, frozen=True, kw_only=True):
    """A limit forbids the attempt's calls: nothing was called, nothing paid.

    `asked_usd` is the most it can cost (None: nobody knows its price); of the limit, `spent_usd` and
    `reserved_usd` were gone.
    """

    step: int
    attempt_id: UUID
    scope: Scope | Literal["session"]
    limit_usd: Decimal
    spent_usd: Decimal
    reserved_usd: Decimal
    asked_usd: Decimal | None = None


class SessionWaiting(Happened, frozen=True, kw_only=True):
    """The step waits: for money, until a limit leaves enough of it, or for a person's word, a retry."""

    step: int
    on: Literal["budget", "in_doubt"]


class SessionBudgetSet(Happened, frozen=True, kw_only=True):
    """The session may spend this much, all in all.

    `fingerprint` tells the same command from another one under the same `command_id`, here and in what other
    commands led to; events of older releases have none.
    """

    budget: Budget
    command_id: str | None = None
    fingerprint: str | None = None


class AttemptLost(Happened, frozen=True, kw_only=True):
    """The claim ran out without a sign of the runner; whether the provider was paid is unknown."""

    step: int
    attempt_id: UUID


class ModelCalled(ModelCall, Happened, frozen=True, kw_only=True):
    """An attempt asked a model; told with the attempt's report, whose `usage` is the sum of its calls."""

    step: int
    attempt_id: UUID


class AttemptFailed(Happened, frozen=True, kw_only=True):
    """The attempt ended with an error; `partial` is what the skill had yielded by then.

    Where a skill asks for each item of a list, `items` are the places of those that `partial` holds, in its
    order: the next attempt need not pay for them again.
    """

    step: int
    attempt_id: UUID
    error: AttemptError
    partial: Any = None
    items: tuple[int, ...] = ()
    usage: Usage | None = None
    started_at: datetime
    duration_ms: int
    warnings: tuple[str, ...] = ()


class AttemptWithdrawn(Happened, frozen=True, kw_only=True):
    """Another attempt at the same step was faster; this one is stopped."""

    step: int
    attempt_id: UUID


class RetryScheduled(Happened, frozen=True, kw_only=True):
    """The step is tried again at `due`."""

    step: int
    due: datetime


class StepCompleted(Happened, frozen=True, kw_only=True):
    """The first success of a step.

    A result with a `cache_key` may serve the same question again; `cached` says that this one did so.
    """

    step: int
    attempt_id: UUID
    output: Any
    usage: Usage | None = None
    started_at: datetime
    duration_ms: int
    warnings: tuple[str, ...] = ()
    cache_key: str | None = None
    cached: Cached | None = None


class StepFailed(Happened, frozen=True, kw_only=True):
    """The step will not be tried again unless somebody asks."""

    step: int
    code: str
    message: str
    partial: Any = None


class AttemptReportedLate(Happened, frozen=True, kw_only=True):
    """A report that changes nothing any more, kept for its cost: its step was decided or its session over.

    `partial` and `items` are as in `AttemptFailed`, for when the session is retried.
    """

    step: int
    attempt_id: UUID
    output: Any = None
    error: AttemptError | None = None
    partial: Any = None
    items: tuple[int, ...] = ()
    usage: Usage | None = None
    started_at: datetime
    duration_ms: int
    warnings: tuple[str, ...] = ()


class SessionCompleted(Happened, frozen=True):
    """Every step is completed; the output is that of the last one."""


class SessionFailed(Happened, frozen=True, kw_only=True):
    """A step failed for good; what came before is kept and can be retried from."""

    step: int
    code: str
    message: str


class SessionCancelled(Happened, frozen=True, kw_only=True):
    """Somebody stopped the session, perhaps before it began."""

    reason: str | None = None
    command_id: str | None = None
    fingerprint: str | None = None


class SessionRetried(Happened, frozen=True, kw_only=True):
    """A session that failed, was cancelled or waits goes on from a step; earlier outputs are reused.

    `steps` are the plans from that step on, pinned anew.
    """

    from_step: int
    steps: tuple[PlannedStep, ...]
    command_id: str | None = None
    fingerprint: str | None = None


class SkillRegistered(Happened, frozen=True, kw_only=True):
    """A skill's definition, as pushed; a changed file is a new one."""

    definition: SkillDefinition


class SkillEnabled(Happened, frozen=True):
    """The operator allows the skill again; it stands over the file's `enabled`."""


class SkillDisabled(Happened, frozen=True):
    """The operator forbids new runs of the skill; it stands over the file's `enabled`."""


class AgentRegistered(Happened, frozen=True, kw_only=True):
    """An agent's definition, as pushed."""

    definition: AgentDefinition


SessionEvent = (
    SessionStarted
    | SessionRefused
    | StepHandedOff
    | AttemptRequested
    | AttemptStarted
    | AttemptDeferred
    | AttemptStopped
    | AttemptLost
    | ModelCalled
    | AttemptFailed
    | AttemptWithdrawn
    | RetryScheduled
    | StepCompleted
    | StepFailed
    | AttemptReportedLate
    | SessionCompleted
    | SessionFailed
    | SessionCancelled
    | SessionRetried
    | SessionWaiting
    | SessionBudgetSet
)
ENDED = frozenset({SessionRefused, SessionCompleted, SessionFailed, SessionCancelled})
SkillEvent = SkillRegistered | SkillEnabled | SkillDisabled
AnyEvent = SessionEvent | LedgerEvent | SkillEvent | AgentRegistered | RecordEvent
