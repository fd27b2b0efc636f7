"""A session as its events left it, and what it waits for: no clock, no I/O, no logging.

A stand-alone skill is a session of one step without an agent.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from orchestrator.kept import Kept
from orchestrator.money import NOTHING, Purse
from orchestrator.repeated import is_done
from shared.events import AttemptRequested, AttemptStopped, Budget, PlannedStep
from shared.message import Happened
from shared.work import Done

Status = Literal["new", "refused", "running", "completed", "failed", "cancelled"]
Scope = Mapping[str, Any]
EMPTY: Mapping[Any, Any] = MappingProxyType({})
OUTAGES = frozenset({"tables_away", "projection_behind", "rate_limited", "provider_away", "runner_stopped"})


class OpenAttempt(Struct, frozen=True):
    """An attempt that somebody may be running: its runner, lease and money are set once it is claimed."""

    asked: AttemptRequested
    runner: str | None = None
    lease_until: datetime | None = None
    reserved: Decimal = NOTHING
    deferred: bool = False


class Session(Struct, frozen=True):
    """What later decisions need to know; a struct, since replacing fields is most of the cost of a fold.

    `tries` counts the failed attempts at the current step since it was last started or retried, `outages`
    those of them that were no fault of the step; `attempts` counts all that were ever requested, by step.
    `outputs` holds those of the completed steps, by number. `unreported` are attempts that were given up
    and may still report; `doubtful` has those of them that a runner had claimed, as they were then, `spent`
    is the sum of what reports told. `kept` holds what is paid for already of steps that are not completed,
    by number. `stopped` tells of an attempt that a limit forbade, until the next one is requested.
    `commands` has the fingerprint of each command that was done, by the type of its event and its
    `command_id`.
    """

    status: Status = "new"
    fingerprint: str | None = None
    agent: str | None = None
    steps: tuple[PlannedStep, ...] = ()
    input: Mapping[str, Any] = EMPTY
    outputs: Mapping[int, Any] = EMPTY
    open: Mapping[UUID, OpenAttempt] = EMPTY
    known: frozenset[UUID] = frozenset()
    reported: frozenset[UUID] = frozenset()
    unreported: Mapping[UUID, AttemptRequested] = EMPTY
    kept: Mapping[int, Kept] = EMPTY
    attempts: Mapping[int, int] = EMPTY
    tries: int = 0
    outages: int = 0
    retry_due: datetime | None = None
    commands: Mapping[tuple[str, str], str | None] = EMPTY
    budget: Budget | None = None
    spent: Decimal = NOTHING
    doubtful: Mapping[UUID, OpenAttempt] = EMPTY
    waiting_on: Literal["budget", "in_doubt"] | None = None
    stopped: AttemptStopped | None = None

    def did(self, what: type[Happened], command_id: str | None, fingerprint: str | None) -> bool:
        """Whether the command of this id has led to such an event already; each type has ids of its own.

        Raises Refusal when that command asked for something else.
        """
        return is_done(self.commands, (what.__name__, command_id or ""), fingerprint)

    def unclaimed(self, attempt_id: UUID) -> OpenAttempt | None:
        """Return the attempt if it is open and no runner has claimed it: then nobody is paying for it."""
        held = self.open.get(attempt_id)
        return held if held is not None and held.runner is None else None

    def runner_of(self, attempt_id: UUID) -> str | None:
        """Return who has claimed the attempt, as long as nobody has reported on it."""
        held = self.open.get(attempt_id) or self.doubtful.get(attempt_id)
        return held.runner if held else None

    def may_have_called(self, attempt_id: UUID) -> bool:
        """Whether a runner was told to run the attempt, once."""
        claimed = attempt_id in self.open and self.unclaimed(attempt_id) is None
        return claimed or attempt_id in self.doubtful or attempt_id in self.reported

    @property
    def in_doubt(self) -> Decimal:
        """What those attempts may have cost of which nobody has told."""
        return sum((attempt.reserved for attempt in self.doubtful.values()), NOTHING)

    @property
    def purse(self) -> Purse:
        """What the session's own limit leaves."""
        return Purse(
            self.budget.limit_usd if self.budget else None,
            self.spent + self.in_doubt,
            sum((attempt.reserved for attempt in self.open.values()), NOTHING),
        )

    @property
    def current(self) -> int:
        """The number of the step that is not completed yet; one more than the last when all are."""
        return len(self.outputs) + 1

    @property
    def ended(self) -> bool:
        return self.status in ("refused", "completed", "failed", "cancelled")

    @property
    def alone(self) -> bool:
        """Whether it is a stand-alone skill: it can be cancelled, but no command lets it go on."""
        return bool(self.steps) and self.agent is None

    def step(self, number: int) -> PlannedStep:
        return self.steps[number - 1]

    def awaits(self, step: int) -> bool:
        """Whether a success of this step would still be its first."""
        return self.status == "running" and step == self.current

    def scope(self) -> Scope:
        """What templates can see: `input`, and each output as `stepN` and by the step's id."""
        scope: dict[str, Any] = {"input": dict(self.input)}
        for number, output in self.outputs.items():
            scope[f"step{number}"] = output
            if (name := self.step(number).id) is not None:
                scope[name] = output
        return scope


class Timer(Struct, frozen=True):
    """Something to decide at `at`: a retry (`attempt_id` None) or the end of an attempt's lease."""

    at: datetime
    attempt_id: UUID | None = None


class Outstanding(Struct, frozen=True):
    """What the session is waiting for."""

    work: tuple[AttemptRequested, ...] = ()
    timers: tuple[Timer, ...] = ()


def outstanding(session: Session) -> Outstanding:
    """Tell what must be somewhere in the queue or on a clock for the session to go on."""
    leases = [
        Timer(attempt.lease_until, attempt_id)
        for attempt_id, attempt in session.open.items()
        if attempt.lease_until is not None
    ]
    retry = [Timer(session.retry_due)] if session.retry_due is not None else []
    return Outstanding(tuple(attempt.asked for attempt in session.open.values()), tuple(leases + retry))


def done(session: Session, asked: AttemptRequested) -> Done | None:
    """Tell what of an attempt's work is in the log already."""
    kept = session.kept.get(asked.step)
    return kept.done(asked) if kept else None
