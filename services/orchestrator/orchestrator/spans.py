"""The spans of a session as a pure function of its history: the same past always tells the same trace."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from orchestrator.span_attributes import Values, attempt_attributes, cache_attributes, usage_attributes
from shared import genai, trace_ids
from shared.events import (
    AnyEvent,
    AttemptFailed,
    AttemptLost,
    AttemptReportedLate,
    AttemptRequested,
    AttemptStarted,
    AttemptStopped,
    AttemptWithdrawn,
    PlannedStep,
    SessionCancelled,
    SessionCompleted,
    SessionFailed,
    SessionRefused,
    SessionRetried,
    SessionStarted,
    StepCompleted,
)
from shared.log import Past, Recorded
from shared.span import Span
from shared.subjects import Aggregate
from shared.usage import Usage


def spans_of(aggregate: Aggregate, past: Past) -> list[Span]:
    """Tell what has ended: a life of the session with its attempts, and reports that came after it.

    The first life is the root, or a child of the client's span where that is recorded; a life begun by a
    retry is a child of the first; one that waits and is retried goes on with its life. A longer past only
    adds spans.
    """
    story = _Story(aggregate, past)
    for recorded in past.recorded:
        for event in recorded.commit.events:
            story.take_attempt(recorded, event)
            story.take_life(recorded, event)
    return story.told


@dataclass
class _Attempt:
    requested: AttemptRequested
    start: datetime
    parent: str
    end: datetime | None = None
    error: str | None = None
    usage: Usage | None = None
    extra: Values = field(default_factory=dict)


class _Story:
    """A history as it is read, event by event; a life lasts from a start or a retry to the session's end."""

    def __init__(self, aggregate: Aggregate, past: Past) -> None:
        cause = past.recorded[0].commit.traceparent if past.recorded else None
        client = trace_ids.parse(cause)
        self.told: list[Span] = []
        self._aggregate = aggregate
        self._trace = trace_ids.trace_id(aggregate, cause)
        self._client = client.span_id if client and client.sampled else None
        self._life = 0
        self._start: datetime | None = None
        self._links: tuple[str, ...] = ()
        self._agent: str | None = None
        self._plans: dict[int, PlannedStep] = {}
        self._attempts: dict[UUID, _Attempt] = {}
        self._former: dict[UUID, _Attempt] = {}
        self._from_before: list[tuple[datetime, StepCompleted]] = []

    def take_life(self, recorded: Recorded, event: AnyEvent) -> None:
        commit = recorded.commit
        match event:
            case SessionStarted(agent=agent, steps=steps):
                self._agent = agent
                self._begin(commit.at, steps, ())
            case SessionRetried(steps=steps) if self._start is not None:
                self._plans |= {plan.number: plan for plan in steps}
                self._links += self._elsewhere(commit.traceparent)
            case SessionRetried(steps=steps):
                previous = trace_ids.traceparent(self._trace, self._span_id(self._life))
                self._begin(commit.at, steps, (previous, *self._elsewhere(commit.traceparent)))
            case SessionCompleted():
                self._end(recorded, None)
            case SessionFailed(code=code):
                self._end(recorded, code)
            case SessionCancelled():
                self._end(recorded, "cancelled")
            case SessionRefused(agent=agent, code=code):
                self._agent = agent
                self._end(recorded, code)
            case _:
                pass

    def take_attempt(self, recorded: Recorded, event: AnyEvent) -> None:
        at = recorded.commit.at
        match event:
            case AttemptRequested(attempt_id=attempt_id):
                self._attempts[attempt_id] = _Attempt(event, at, self._span_id(self._life))
            case AttemptStarted(attempt_id=attempt_id, runner=runner) if attempt_id in self._attempts:
                self._attempts[attempt_id].extra[genai.RUNNER] = runner
            case StepCompleted():
                self._reported(at, event, None)
            case AttemptFailed(error=error):
                self._reported(at, event, error.code)
            case AttemptStopped(attempt_id=attempt_id, asked_usd=asked):
                self._given_up(attempt_id, at, "unknown_price" if asked is None else "budget_exceeded")
            case AttemptLost(attempt_id=attempt_id):
                self._given_up(attempt_id, at, "lost")
            case AttemptWithdrawn(attempt_id=attempt_id):
                self._given_up(attempt_id, at, "withdrawn")
            case AttemptReportedLate():
                self._reported_late(recorded, event)
            case _:
                pass

    def _begin(self, at: datetime, steps: Iterable[PlannedStep], links: tuple[str, ...]) -> None:
        self._life += 1
        self._start = at
        self._links = links
        self._plans |= {plan.number: plan for plan in steps}

    def _reported(self, at: datetime, event: StepCompleted | AttemptFailed, error: str | None) -> None:
        attempt = self._attempts.get(event.attempt_id)
        if attempt is not None:
            attempt.end, attempt.error, attempt.usage = at, error, event.usage
            attempt.extra[genai.DURATION_MS] = event.duration_ms
            if isinstance(event, StepCompleted):
                attempt.extra |= cache_attributes(event.cached)
        elif isinstance(event, StepCompleted):
            self._from_before.append((at, event))

    def _given_up(self, attempt_id: UUID, at: datetime, error: str) -> None:
        attempt = self._attempts.get(attempt_id)
        if attempt is not None and attempt.end is None:
            attempt.end, attempt.error = at, error

    def _reported_late(self, recorded: Recorded, event: AttemptReportedLate) -> None:
        at = recorded.commit.at
        if event.attempt_id in self._attempts:
            attempt = self._attempts[event.attempt_id]
            attempt.end, attempt.usage = at, event.usage
            attempt.extra |= {genai.LATE: True, genai.DURATION_MS: event.duration_ms}
        else:
            self._tell_report(at, event, event.error.code if event.error else None, recorded.seq)

    def _tell_report(
        self, at: datetime, event: StepCompleted | AttemptReportedLate, error: str | None, seq: int
    ) -> None:
        """Tell of a report on an attempt of an earlier life, whose own span is told."""
        if (attempt := self._former.get(event.attempt_id)) is not None:
            span = Span(
                self._trace,
                trace_ids.late_span(event.attempt_id),
                trace_ids.attempt_span(event.attempt_id),
                f"{genai.REPORT_LATE} {attempt.requested.skill}",
                min(event.started_at, at),
                at,
                {**self._about(attempt), **usage_attributes([event.usage])},
                seq=seq,
            )
            self._tell(span, error)

    def _end(self, recorded: Recorded, error: str | None) -> None:
        at = recorded.commit.at
        if self._start is None:
            self._begin(at, (), ())
        for attempt in self._attempts.values():
            self._tell_attempt(attempt, at, error, recorded.seq)
        for reported_at, event in self._from_before:
            self._tell_report(reported_at, event, None, recorded.seq)
        self._tell_life(at, error, recorded.seq)
        self._former |= self._attempts
        self._attempts, self._from_before, self._start = {}, [], None

    def _tell_attempt(self, attempt: _Attempt, life_end: datetime, life_error: str | None, seq: int) -> None:
        span = Span(
            self._trace,
            trace_ids.attempt_span(attempt.requested.attempt_id),
            attempt.parent,
            f"{genai.EXECUTE_TOOL} {attempt.requested.skill}",
            attempt.start,
            attempt.end or life_end,
            {**self._about(attempt), **attempt.extra, **usage_attributes([attempt.usage])},
            seq=seq,
        )
        self._tell(span, attempt.error if attempt.end else life_error or "withdrawn")

    def _tell_life(self, at: datetime, error: str | None, seq: int) -> None:
        start = self._start or at
        whole: Values = {
            genai.CONVERSATION: self._aggregate.id,
            genai.LIFE: self._life,
            genai.STEPS: len(self._plans),
            genai.SEQ: seq,
        }
        if self._aggregate.noun == "execution":
            operation, subject = genai.EXECUTE_SKILL, next((p.skill for p in self._plans.values()), None)
            whole |= {genai.TOOL: subject} if subject else {}
        else:
            operation, subject = genai.INVOKE_AGENT, self._agent
            whole |= {genai.AGENT: subject} if subject else {}
        whole[genai.OPERATION] = operation
        usages = [attempt.usage for attempt in self._attempts.values()]
        used = usage_attributes(usages + [event.usage for _, event in self._from_before])
        span = Span(
            self._trace,
            self._span_id(self._life),
            self._client if self._life == 1 else self._span_id(1),
            f"{operation} {subject}" if subject else operation,
            start,
            at,
            {**whole, **used},
            links=self._links,
            seq=seq,
        )
        self._tell(span, error)

    def _tell(self, span: Span, error: str | None) -> None:
        """Tell a span that never ends before it begins, an error among its attributes."""
        attributes = {**span.attributes, genai.ERROR: error} if error else span.attributes
        end = max(span.start, span.end)
        self.told.append(replace(span, end=end, attributes=attributes, failed=bool(error)))

    def _about(self, attempt: _Attempt) -> Values:
        requested = attempt.requested
        plan = self._plans.get(requested.step)
        agent = plan.agent if plan and plan.agent else self._agent
        return attempt_attributes(requested, self._aggregate.id, agent)

    def _elsewhere(self, cause: str | None) -> tuple[str, ...]:
        asked = trace_ids.parse(cause)
        return (cause,) if cause and asked and asked.trace_id != self._trace else ()

    def _span_id(self, life: int) -> str:
        return trace_ids.life_span(self._aggregate, life)
