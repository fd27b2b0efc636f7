"""What the front door hands back."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.subjects import Aggregate, execution, session
from totalaud.errors import SkillFailed, WorkflowFailed
from totalaud.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Accepted:
    """A command is on disk; `seq` is the log's, for `get(…, min_seq=…)`. `duplicate`: not the first time.

    `status` is how things stand by then: running, completed, failed, cancelled or refused.
    """

    id: str
    seq: int
    accepted: bool
    duplicate: bool
    status: str

    @classmethod
    def of(cls, answer: dict[str, Any], id_: str) -> "Accepted":
        told = answer.get("session_id") or answer.get("execution_id") or id_
        return cls(told, answer["seq"], answer["accepted"], answer["duplicate"], answer["status"])


@dataclass(frozen=True, slots=True)
class WorkflowResult:
    """A completed session; `outputs` is aligned with the steps, `cost_usd` is what was paid.

    `unpriced_calls` counts the calls of attempts whose price nobody knows: they are not in it, nor is
    `in_doubt_usd`, what calls may have cost at most of which no answer was seen. `simulated`: the local model
    wrote texts; `list_price_usd` is what the tokens would have cost. `cache_hits` counts steps that earlier
    results answered: `saved_usd` is what those had cost, None where a price is unknown. `warnings` tell what
    was left out or replaced, such as a field that a skill does not know.
    """

    session_id: str
    status: str
    outputs: list[Any]
    tokens_used: int
    cost_usd: float
    list_price_usd: float
    in_doubt_usd: float
    unpriced_calls: int
    simulated: bool
    cache_hits: int
    saved_usd: float | None
    saved_list_price_usd: float
    trace_id: str
    seq: int
    warnings: list[str]

    @classmethod
    def of(cls, user: UUID, session_id: UUID, outcome: Outcome) -> "WorkflowResult":
        """Raise WorkflowFailed unless the session completed."""
        if outcome.status != "completed":
            raise WorkflowFailed(
                str(session_id),
                failed_step=outcome.failed_step,
                outputs=outcome.aligned,
                code=outcome.code,
                message=outcome.message,
                partial=outcome.partial,
                seq=outcome.seq,
            )
        return cls(
            session_id=str(session_id),
            status=outcome.status,
            outputs=outcome.aligned,
            cost_usd=float(outcome.spent.cost_usd),
            unpriced_calls=outcome.spent.unpriced,
            warnings=outcome.warned,
            **_told(outcome, session(user, session_id)),
        )


@dataclass(frozen=True, slots=True)
class SkillResult:
    """A skill that was run alone, with the fields of the seed's execution trace.

    `cost_usd` is None where a price is not known; `in_doubt_usd`, `cache_hits`, what they saved and
    `warnings` as in WorkflowResult.
    """

    execution_id: str
    skill_name: str
    input: dict[str, Any]
    output: Any
    duration_ms: int
    tokens_used: int
    cost_usd: float | None
    status: str
    list_price_usd: float
    in_doubt_usd: float
    simulated: bool
    cache_hits: int
    saved_usd: float | None
    saved_list_price_usd: float
    trace_id: str
    seq: int
    warnings: list[str]

    @classmethod
    def of(cls, user: UUID, execution_id: UUID, outcome: Outcome) -> "SkillResult":
        """Raise SkillFailed unless it succeeded."""
        if outcome.status != "completed":
            raise SkillFailed(
                str(execution_id),
                code=outcome.code,
                message=outcome.message,
                partial=outcome.partial,
                seq=outcome.seq,
            )
        return cls(
            execution_id=str(execution_id),
            skill_name=outcome.steps[0]["skill"],
            input=outcome.input,
            output=outcome.outputs[1],
            duration_ms=outcome.durations_ms[1],
            cost_usd=None if outcome.spent.unpriced else float(outcome.spent.cost_usd),
            status="success",
            warnings=list(outcome.warnings[1]),
            **_told(outcome, execution(user, execution_id)),
        )


def _told(outcome: Outcome, aggregate: Aggregate) -> dict[str, Any]:
    """Return what both results tell alike."""
    return {
        "tokens_used": outcome.spent.tokens,
        "list_price_usd": float(outcome.spent.list_price_usd),
        "in_doubt_usd": float(outcome.in_doubt_usd),
        "simulated": outcome.spent.simulated,
        **outcome.saved.as_fields(),
        "trace_id": outcome.trace_id(aggregate),
        "seq": outcome.seq,
    }
