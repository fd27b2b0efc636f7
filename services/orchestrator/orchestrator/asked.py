"""What the decider can be asked: the commands, checked and complete."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from orchestrator.money import Purse
from shared.events import Budget, PlannedStep
from shared.ledger_events import Policy, Scope
from shared.refusal import Refusal
from shared.work import Claim, Report


@dataclass(frozen=True, slots=True)
class Start:
    """A checked and pinned workflow, or a stand-alone skill (`agent` None)."""

    agent: str | None
    steps: tuple[PlannedStep, ...]
    input: dict[str, Any]
    fingerprint: str
    beside_session: UUID | None = None
    budget: Budget | None = None


@dataclass(frozen=True, slots=True)
class Refuse:
    """A queued start that cannot be run."""

    agent: str | None
    refusal: Refusal
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Cancel:
    reason: str | None = None
    command_id: str | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Go on from a step; `steps` are the plans from there on, pinned anew."""

    from_step: int
    steps: tuple[PlannedStep, ...]
    command_id: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimAttempt:
    claim: Claim
    lease_s: float


@dataclass(frozen=True, slots=True)
class StopAttempt:
    """A limit leaves too little for an attempt that a runner wants to start."""

    claim: Claim
    scope: Scope | Literal["session"]
    purse: Purse
    policy: Policy


@dataclass(frozen=True, slots=True)
class Resume:
    """There may be money again for a step that waits for it."""


@dataclass(frozen=True, slots=True)
class SetSessionBudget:
    budget: Budget
    command_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReportAttempt:
    report: Report


@dataclass(frozen=True, slots=True)
class ExpireLease:
    attempt_id: UUID


@dataclass(frozen=True, slots=True)
class WakeUp:
    """A retry may be due."""


Command = (
    Start
    | Refuse
    | Cancel
    | Retry
    | SetSessionBudget
    | ClaimAttempt
    | StopAttempt
    | ReportAttempt
    | ExpireLease
    | WakeUp
    | Resume
)
