"""What has happened. These classes are the stored format: add, never edit.

Identity, time, cause and trace ride in the commit around them (`shared.commit`).
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from shared.definitions import AgentDefinition, InDoubt, SkillDefinition
from shared.ledger_events import LedgerEvent, Policy, Scope
from shared.message import Stored
from shared.record_events import RecordEvent
from shared.subjects import Pool
from shared.usage import Cached, ModelCall, Usage


class PlannedStep(Stored):
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


class Budget(Stored):
    """How much a session may spend, US dollars (None: no limit), and what becomes of a step it stops."""

    limit_usd: Decimal | None = None
    policy: Policy = "fail"


class AttemptError(Stored):
    """Why an attempt failed: `code` for programs, `message` for people, without any value of the input.

    `retry_after_s` is what the provider asked for, seconds.
    """

    code: str
    message: str
    retryable: bool
    retry_after_s: float | None = None


class SessionStarted(Stored):
    """A workflow was accepted, or a stand-alone skill (one step, `agent` None, perhaps beside a session).

    `fingerprint` tells the same command from another one under the same id.
    """

    type: Literal["SessionStarted"] = "SessionStarted"
    agent: str | None = None
    steps: tuple[PlannedStep, ...]
    input: dict[str, Any]
    fingerprint: str
    beside_session: UUID | None = None
    budget: Budget | None = None


class SessionRefused(Stored):
    """A queued start was refused; it will never run."""

    type: Literal["SessionRefused"] = "SessionRefused"
    agent: str | None = None
    code: str
    field: str | None = None
    message: str
    fingerprint: str


class StepHandedOff(Stored):
    """A step of this session is another agent's skill."""

    type: Literal["StepHandedOff"] = "StepHandedOff"
    step: int
    from_agent: str
    to_agent: str


class AttemptRequested(Stored):
    """Asks for one attempt at one step, templates resolved; the number never restarts."""

    type: Literal["AttemptRequested"] = "AttemptRequested"
    step: int
    attempt: int
    attempt_id: UUID
    skill: str
    skill_hash: str
    pool: Pool
    input: dict[str, Any]
    timeout_s: float
    fresh: bool = False


class AttemptStarted(Stored):
    """A runner claimed the attempt before a paid call; heartbeats keep the claim alive."""

    type: Literal["AttemptStarted"] = "AttemptStarted"
    step: int
    attempt_id: UUID
    runner: str
    lease_until: datetime
    reserved_usd: Decimal | None = None


class AttemptStopped(Stored):
    """A limit forbids the attempt's calls: nothing was called, nothing paid.

    `asked_usd` is the most it can cost (None: nobody knows its price); of the limit, `spent_usd` and
    `reserved_usd` were gone.
    """

    type: Literal["AttemptStopped"] = "AttemptStopped"
    step: int
    attempt_id: UUID
    scope: Scope | Literal["session"]
    limit_usd: Decimal
    spent_usd: Decimal
    reserved_usd: Decimal
    asked_usd: Decimal | None = None


class SessionWaiting(Stored):
    """The step waits for money or for a person's word; until a retry, a raised limit, or `until`."""

    type: Literal["SessionWaiting"] = "SessionWaiting"
    step: int
    on: Literal["budget", "in_doubt"]
    until: datetime | None = None


class SessionBudgetSet(Stored):
    """The session may spend this much, all in all."""

    type: Literal["SessionBudgetSet"] = "SessionBudgetSet"
    budget: Budget
    command_id: str | None = None


class AttemptLost(Stored):
    """The claim ran out without a sign of the runner; whether the provider was paid is unknown."""

    type: Literal["AttemptLost"] = "AttemptLost"
    step: int
    attempt_id: UUID


class ModelCalled(ModelCall):
    """An attempt asked a model; told with the attempt's report, whose `usage` is the sum of its calls."""

    type: Literal["ModelCalled"] = "ModelCalled"
    step: int
    attempt_id: UUID


class AttemptFailed(Stored):
    """The attempt ended with an error; `partial` is what the skill had yielded by then.

    Where a skill asks for each item of a list, `items` are the places of those that `partial` holds, in its
    order: the next attempt need not pay for them again.
    """

    type: Literal["AttemptFailed"] = "AttemptFailed"
    step: int
    attempt_id: UUID
    error: AttemptError
    partial: Any = None
    items: tuple[int, ...] = ()
    usage: Usage | None = None
    started_at: datetime
    duration_ms: int
    warnings: tuple[str, ...] = ()


class AttemptWithdrawn(Stored):
    """Another attempt at the same step was faster; this one is stopped."""

    type: Literal["AttemptWithdrawn"] = "AttemptWithdrawn"
    step: int
    attempt_id: UUID


class RetryScheduled(Stored):
    """The step is tried again at `due`."""

    type: Literal["RetryScheduled"] = "RetryScheduled"
    step: int
    due: datetime


class StepCompleted(Stored):
    """The first success of a step.

    A result with a `cache_key` may serve the same question again; `cached` says that this one did so.
    """

    type: Literal["StepCompleted"] = "StepCompleted"
    step: int
    attempt_id: UUID
    output: Any
    usage: Usage | None = None
    started_at: datetime
    duration_ms: int
    warnings: tuple[str, ...] = ()
    cache_key: str | None = None
    cached: Cached | None = None


class StepFailed(Stored):
    """The step will not be tried again unless somebody asks."""

    type: Literal["StepFailed"] = "StepFailed"
    step: int
    code: str
    message: str
    partial: Any = None


class AttemptReportedLate(Stored):
    """A report that changes nothing any more, kept for its cost: its step was decided or its session over.

    `partial` and `items` are as in `AttemptFailed`, for when the session is retried.
    """

    type: Literal["AttemptReportedLate"] = "AttemptReportedLate"
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


class SessionCompleted(Stored):
    """Every step is completed; the output is that of the last one."""

    type: Literal["SessionCompleted"] = "SessionCompleted"


class SessionFailed(Stored):
    """A step failed for good; what came before is kept and can be retried from."""

    type: Literal["SessionFailed"] = "SessionFailed"
    step: int
    code: str
    message: str


class SessionCancelled(Stored):
    """Somebody stopped the session, perhaps before it began."""

    type: Literal["SessionCancelled"] = "SessionCancelled"
    reason: str | None = None
    command_id: str | None = None


class SessionRetried(Stored):
    """A failed or cancelled session goes on from a step; earlier outputs are reused.

    `steps` are the plans from that step on, pinned anew.
    """

    type: Literal["SessionRetried"] = "SessionRetried"
    from_step: int
    steps: tuple[PlannedStep, ...]
    command_id: str | None = None


class SkillRegistered(Stored):
    """A skill's definition, as pushed; a changed file is a new one."""

    type: Literal["SkillRegistered"] = "SkillRegistered"
    definition: SkillDefinition


class SkillEnabled(Stored):
    """The operator allows the skill again; it stands over the file's `enabled`."""

    type: Literal["SkillEnabled"] = "SkillEnabled"


class SkillDisabled(Stored):
    """The operator forbids new runs of the skill; it stands over the file's `enabled`."""

    type: Literal["SkillDisabled"] = "SkillDisabled"


class AgentRegistered(Stored):
    """An agent's definition, as pushed."""

    type: Literal["AgentRegistered"] = "AgentRegistered"
    definition: AgentDefinition


SessionEvent = (
    SessionStarted
    | SessionRefused
    | StepHandedOff
    | AttemptRequested
    | AttemptStarted
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
SkillEvent = SkillRegistered | SkillEnabled | SkillDisabled
AnyEvent = SessionEvent | LedgerEvent | SkillEvent | AgentRegistered | RecordEvent
Event = Annotated[AnyEvent, Field(discriminator="type")]
