"""What the decider can be asked: the commands, checked and complete."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.events import PlannedStep
from shared.refusal import Refusal
from shared.work import Claim, Report


@dataclass(frozen=True, slots=True)
class Start:
    """A checked and pinned workflow, or a stand-alone skill (`agent` None)."""

    id: UUID
    agent: str | None
    steps: tuple[PlannedStep, ...]
    input: dict[str, Any]
    fingerprint: str
    beside_session: UUID | None = None


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

    id: UUID
    from_step: int
    steps: tuple[PlannedStep, ...]
    command_id: str | None = None


@dataclass(frozen=True, slots=True)
class ClaimAttempt:
    claim: Claim
    lease_s: float


@dataclass(frozen=True, slots=True)
class ReportAttempt:
    report: Report


@dataclass(frozen=True, slots=True)
class ExpireLease:
    attempt_id: UUID


@dataclass(frozen=True, slots=True)
class WakeUp:
    """A retry may be due."""

    id: UUID


Command = Start | Refuse | Cancel | Retry | ClaimAttempt | ReportAttempt | ExpireLease | WakeUp
