"""What the decider can be asked: the commands, checked and complete."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from orchestrator.money import Purse
from shared.events import Budget, PlannedStep
from shared.ledger_events import Policy, Scope
from shared.refusal import Refusal
from shared.work import Claim, Deferral, Report


class Start(Struct, frozen=True):
    """A checked and pinned workflow, or a stand-alone skill (`agent` None)."""

    agent: str | None
    steps: tuple[PlannedStep, ...]
    input: dict[str, Any]
    fingerprint: str
    beside_session: UUID | None = None
    budget: Budget | None = None


class Refuse(Struct, frozen=True):
    """A queued start that cannot be run."""

    agent: str | None
    refusal: Refusal
    fingerprint: str


class Cancel(Struct, frozen=True):
    reason: str | None = None
    command_id: str | None = None
    fingerprint: str | None = None


class Retry(Struct, frozen=True):
    """Go on from a step; `steps` are the plans from there on, pinned anew."""

    from_step: int
    steps: tuple[PlannedStep, ...]
    command_id: str | None = None
    fingerprint: str | None = None


class ClaimAttempt(Struct, frozen=True):
    claim: Claim
    lease_s: float


class DeferAttempt(Struct, frozen=True):
    """An attempt stays in its queue since its model takes no call."""

    deferral: Deferral


class StopAttempt(Struct, frozen=True):
    """A limit leaves too little for an attempt that a runner wants to start."""

    claim: Claim
    scope: Scope | Literal["session"]
    purse: Purse
    policy: Policy


class Resume(Struct, frozen=True):
    """There may be money again for a step that waits for it."""


class SetSessionBudget(Struct, frozen=True):
    """A policy of None stays as it was."""

    limit_usd: Decimal | None
    policy: Policy | None = None
    command_id: str | None = None
    fingerprint: str | None = None


class ReportAttempt(Struct, frozen=True):
    """`no_room`, where it is set, says why no commit holds both the output and the next step's input.

    Then the step of the report is completed, and the next one fails.
    """

    report: Report
    no_room: str | None = None


class ExpireLease(Struct, frozen=True):
    attempt_id: UUID


class WakeUp(Struct, frozen=True):
    """A retry may be due; one that was to come at `due` is, wherever the clock has been put meanwhile."""

    due: datetime | None = None


Command = (
    Start
    | Refuse
    | Cancel
    | Retry
    | SetSessionBudget
    | ClaimAttempt
    | DeferAttempt
    | StopAttempt
    | ReportAttempt
    | ExpireLease
    | WakeUp
    | Resume
)
