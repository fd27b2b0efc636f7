"""Canonical examples; a test says only what differs. All people and places are fictional."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from msgspec import structs

from orchestrator import steps
from orchestrator.asked import ClaimAttempt, DeferAttempt, ReportAttempt, Start
from shared.commit import Commit
from shared.events import AnyEvent, AttemptError, AttemptRequested, PlannedStep
from shared.log import Past, Recorded
from shared.subjects import session
from shared.usage import Cached, ModelCall, Usage
from shared.work import Claim, Deferral, Report, Work

USER = UUID("00000000-0000-4000-8000-000000000001")
SESSION = UUID("00000000-0000-4000-8000-00000000000a")
SUBJECT = session(USER, SESSION).subject
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
RUNNER = "runner-1"
LEASE_S = 5.0


def attempt_id(step: int = 1, attempt: int = 1) -> UUID:
    return steps.attempt_id(SUBJECT, step, attempt)


def work(**changes: Any) -> Work:
    """The first attempt of a session's first step."""
    asked = Work(
        user=USER,
        noun="session",
        id=SESSION,
        step=1,
        attempt=1,
        attempt_id=UUID(int=9),
        skill="find",
        skill_hash="hash",
        pool="custom",
        input={},
        timeout_s=5,
        seq=3,
        log_seq=3,
    )
    return structs.replace(asked, **changes)


def planned(number: int = 1, **changes: Any) -> PlannedStep:
    """A custom step that takes the output of the step before it."""
    input_ = {"topic": "synthpop"} if number == 1 else {"text": f"{{{{step{number - 1}.text}}}}"}
    plan = PlannedStep(
        number=number,
        skill=f"skill-{number}",
        skill_hash=f"hash-{number}",
        agent="scout-agent",
        pool="custom",
        input=input_,
        timeout_s=5,
        max_attempts=2,
        backoff_s=1,
    )
    return structs.replace(plan, **changes)


def start(steps: int = 2, **changes: Any) -> Start:
    plans = tuple(planned(number, **changes) for number in range(1, steps + 1))
    return Start(agent="scout-agent", steps=plans, input={"topic": "synthpop"}, fingerprint="print")


def requested(step: int = 1, attempt: int = 1, **changes: Any) -> AttemptRequested:
    input_ = {"topic": "synthpop"} if step == 1 else {"text": f"output of {step - 1}"}
    event = AttemptRequested(
        step=step,
        attempt=attempt,
        attempt_id=attempt_id(step, attempt),
        skill=f"skill-{step}",
        skill_hash=f"hash-{step}",
        pool="custom",
        input=input_,
        timeout_s=5,
    )
    return structs.replace(event, **changes)


def report(step: int = 1, attempt: int = 1, **changes: Any) -> ReportAttempt:
    said = Report(
        user=USER,
        noun="session",
        id=SESSION,
        step=step,
        attempt_id=attempt_id(step, attempt),
        seq=1,
        output={"text": f"output of {step}"},
        started_at=NOW,
        duration_ms=100,
    )
    return ReportAttempt(structs.replace(said, **changes))


def hit(step: int = 1, attempt: int = 1, cents: int = 2, **changes: Any) -> ReportAttempt:
    """A result that was there already."""
    cached = Cached(
        from_attempt=uuid5(USER, "first"), saved_usd=cents / 100, saved_list_price_usd=cents / 100
    )
    return report(step, attempt, **({"cached": cached, "cache_key": "key", "duration_ms": 4} | changes))


def failure(step: int = 1, attempt: int = 1, *, retryable: bool = True, **changes: Any) -> ReportAttempt:
    error = AttemptError(code="provider_error", message="the provider failed", retryable=retryable)
    return report(step, attempt, output=None, **({"error": error} | changes))


def claim(step: int = 1, attempt: int = 1, runner: str = RUNNER) -> ClaimAttempt:
    said = Claim(
        user=USER,
        noun="session",
        id=SESSION,
        step=step,
        attempt_id=attempt_id(step, attempt),
        seq=1,
        runner=runner,
    )
    return ClaimAttempt(said, LEASE_S)


def deferral(step: int = 1, attempt: int = 1) -> DeferAttempt:
    why = {"code": "rate_limited", "message": "the provider takes no more calls now"}
    named = attempt_id(step, attempt)
    return DeferAttempt(
        Deferral(user=USER, noun="session", id=SESSION, step=step, attempt_id=named, seq=1, **why)
    )


def usage(cents: int = 1) -> Usage:
    return Usage(
        provider="anthropic", model="a-model", input_tokens=10, output_tokens=5, cost_usd=Decimal(cents) / 100
    )


def call(number: int = 1, cents: int = 1, **changes: Any) -> ModelCall:
    """One call of a model that was answered and paid for."""
    asked = ModelCall(
        number=number,
        purpose="first" if number == 1 else "repair",
        provider="anthropic",
        model="a-model",
        outcome="passed",
        usage=usage(cents),
        started_at=NOW,
        duration_ms=50,
    )
    return structs.replace(asked, **changes)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def past_of(*events: AnyEvent, at: datetime = NOW) -> Past:
    """A history in one commit."""
    commit = Commit(commit_id=uuid5(SESSION, "commit"), at=at, events=events)
    return Past((Recorded(1, commit),) if events else ())
