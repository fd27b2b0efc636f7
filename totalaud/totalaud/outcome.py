"""How a session went, folded from its commits; values as they are given, sealed or opened."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import reduce
from typing import Any, TypeVar

from shared.subjects import Aggregate
from shared.trace_ids import trace_id
from totalaud.logged import ENDS, Logged

T = TypeVar("T")
PAID = ("StepCompleted", "AttemptFailed", "AttemptReportedLate")


@dataclass(frozen=True, slots=True)
class Spent:
    """What attempts used that reported; `unpriced` counts the calls in those whose price nobody knows.

    `in_doubt_usd` is what calls may have cost beside that.
    """

    tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    list_price_usd: Decimal = Decimal(0)
    in_doubt_usd: Decimal = Decimal(0)
    unpriced: int = 0
    simulated: bool = False

    def add(self, usage: dict[str, Any]) -> "Spent":
        cost, listed = usage.get("cost_usd"), usage.get("list_price_usd")
        return Spent(
            tokens=self.tokens + usage.get("input_tokens", 0) + usage.get("output_tokens", 0),
            cost_usd=self.cost_usd + Decimal(str(cost or 0)),
            list_price_usd=self.list_price_usd + Decimal(str(listed or 0)),
            in_doubt_usd=self.in_doubt_usd + Decimal(str(usage.get("in_doubt_usd") or 0)),
            unpriced=self.unpriced + (usage.get("calls", 1) if cost is None else 0),
            simulated=self.simulated or bool(usage.get("simulated")),
        )


@dataclass(frozen=True, slots=True)
class Saved:
    """What answers that were there already have saved; `unpriced` counts those whose price nobody knows."""

    hits: int = 0
    cost_usd: Decimal = Decimal(0)
    list_price_usd: Decimal = Decimal(0)
    unpriced: int = 0

    def add(self, cached: dict[str, Any]) -> "Saved":
        cost, listed = cached.get("saved_usd"), cached.get("saved_list_price_usd")
        return Saved(
            hits=self.hits + 1,
            cost_usd=self.cost_usd + Decimal(str(cost or 0)),
            list_price_usd=self.list_price_usd + Decimal(str(listed or 0)),
            unpriced=self.unpriced + (cost is None),
        )

    def as_fields(self) -> dict[str, Any]:
        """Return what results tell of it: `saved_usd` is None where a price is unknown."""
        return {
            "cache_hits": self.hits,
            "saved_usd": None if self.unpriced else float(self.cost_usd),
            "saved_list_price_usd": float(self.list_price_usd),
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` is running until the end; what is told of steps is by number; `failed_step` counts from 1.

    `unreported` is what each attempt may have cost that was claimed and has not reported.
    """

    status: str = "pending"
    steps: tuple[dict[str, Any], ...] = ()
    input: dict[str, Any] = field(default_factory=dict)
    outputs: dict[int, Any] = field(default_factory=dict)
    durations_ms: dict[int, int] = field(default_factory=dict)
    warnings: dict[int, tuple[str, ...]] = field(default_factory=dict)
    cached: dict[int, dict[str, Any]] = field(default_factory=dict)
    spent: Spent = Spent()
    unreported: dict[str, Decimal] = field(default_factory=dict)
    failed_step: int | None = None
    code: str = ""
    message: str = ""
    partial: Any = None
    cause: str | None = None
    seq: int = 0

    def take(self, commit: Logged) -> "Outcome":
        """Return the outcome after one more commit."""
        state = replace(self, seq=commit.seq, cause=self.cause if self.seq else commit.traceparent)
        for event in commit.events:
            state = _after(state, event)
        return state

    @property
    def aligned(self) -> list[Any]:
        """The outputs in the order of the steps, None where a step has none."""
        return [self.outputs.get(number) for number in range(1, len(self.steps) + 1)]

    @property
    def in_doubt_usd(self) -> Decimal:
        """What calls may have cost of which no answer was seen."""
        return self.spent.in_doubt_usd + sum(self.unreported.values(), Decimal(0))

    @property
    def saved(self) -> Saved:
        """What those steps have saved whose answer was there already."""
        return reduce(Saved.add, self.cached.values(), Saved())

    @property
    def warned(self) -> list[str]:
        """What the steps warn of, each with its step."""
        return [f"step {step}: {one}" for step in sorted(self.warnings) for one in self.warnings[step]]

    def trace_id(self, aggregate: Aggregate) -> str:
        return trace_id(aggregate, self.cause)


def _after(state: Outcome, event: dict[str, Any]) -> Outcome:
    kind = event["type"]
    if kind in PAID and event.get("usage"):
        state = replace(state, spent=state.spent.add(event["usage"]))
    if kind in PAID and event.get("attempt_id") in state.unreported:
        left = {id_: most for id_, most in state.unreported.items() if id_ != event["attempt_id"]}
        state = replace(state, unreported=left)
    match kind:
        case "SessionStarted":
            return replace(state, status="running", steps=tuple(event["steps"]), input=event["input"])
        case "AttemptStarted":
            most = Decimal(event.get("reserved_usd") or 0)
            return replace(state, unreported=state.unreported | {event["attempt_id"]: most})
        case "StepCompleted":
            step, cached = event["step"], event.get("cached")
            return replace(
                state,
                cached=state.cached | ({step: cached} if cached else {}),
                outputs=state.outputs | {step: event.get("output")},
                durations_ms=state.durations_ms | {step: event["duration_ms"]},
                warnings=state.warnings | {step: tuple(event.get("warnings", ()))},
            )
        case "StepFailed":
            return replace(state, failed_step=event["step"], partial=event.get("partial"))
        case "SessionRetried":
            first = event["from_step"]
            steps = (*state.steps[: first - 1], *event["steps"])
            cleared = replace(state, failed_step=None, code="", message="", partial=None)
            return replace(
                cleared,
                status="running",
                steps=steps,
                outputs=_before(first, state.outputs),
                cached=_before(first, state.cached),
            )
        case "SessionCancelled":
            reason = event.get("reason") or "it was cancelled"
            return replace(state, status="cancelled", code="cancelled", message=reason)
        case "SessionFailed" | "SessionRefused":
            return replace(state, status=ENDS[kind], code=event["code"], message=event["message"])
        case "SessionCompleted":
            return replace(state, status="completed")
        case _:
            return state


def _before(step: int, by_step: dict[int, T]) -> dict[int, T]:
    """Keep what there is of the steps before this one."""
    return {number: one for number, one in by_step.items() if number < step}
