"""What a session's history tells as spans."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid5

import pytest
from msgspec import structs

import otlp
from controls import start
from orchestrator.sessions import Sessions
from orchestrator.spans import spans_of
from shared import trace_ids
from shared.commit import Commit
from shared.events import (
    AnyEvent,
    AttemptError,
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
    SessionWaiting,
    StepCompleted,
    StepFailed,
)
from shared.log import MemoryLog, Past, Recorded
from shared.span import Span
from shared.subjects import execution, session
from shared.usage import Cached, Usage

USER = UUID("5f1c54a4-6d0c-4a57-9d6b-5d2a3f8e1c11")
ID = UUID("0d9e3d6a-8a4f-4f57-b7e5-52e5a3a4f0aa")
SESSION = session(USER, ID)
T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLIENT = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
RETRY_CLIENT = "00-" + "12" * 16 + "-" + "34" * 8 + "-01"
USAGE = Usage(
    provider="anthropic",
    model="claude",
    input_tokens=100,
    output_tokens=20,
    cost_usd=Decimal("0.25"),
    list_price_usd=Decimal("0.25"),
)


@dataclass
class History:
    recorded: list[Recorded] = field(default_factory=list)

    def then(self, *events: AnyEvent, traceparent: str | None = None) -> "History":
        """A second later, at an odd sequence: other sessions have the even ones."""
        number = len(self.recorded)
        commit = Commit(
            commit_id=uuid5(ID, str(number)),
            at=T0 + timedelta(seconds=number),
            traceparent=traceparent,
            events=events,
        )
        self.recorded.append(Recorded(2 * number + 1, commit))
        return self

    @property
    def spans(self) -> list[Span]:
        return spans_of(SESSION, Past(tuple(self.recorded)))


def plan(number: int, skill: str, agent: str | None = "scout-agent") -> PlannedStep:
    return PlannedStep(
        number=number,
        skill=skill,
        skill_hash="h",
        agent=agent,
        pool="custom",
        input={"query": "a secret"},
        timeout_s=5,
        max_attempts=3,
        backoff_s=1,
    )


def started(*steps: PlannedStep) -> SessionStarted:
    return SessionStarted(agent="scout-agent", steps=steps, input={"query": "a secret"}, fingerprint="f")


def attempt_id(step: int, attempt: int = 1) -> UUID:
    return uuid5(ID, f"{step}/{attempt}")


def requested(step: int, attempt: int = 1, skill: str = "research-contacts") -> AttemptRequested:
    return AttemptRequested(
        step=step,
        attempt=attempt,
        attempt_id=attempt_id(step, attempt),
        skill=skill,
        skill_hash="h",
        pool="custom",
        input={"query": "a secret"},
        timeout_s=5,
    )


def completed(step: int, attempt: int = 1, usage: Usage | None = None) -> StepCompleted:
    return StepCompleted(
        step=step,
        attempt_id=attempt_id(step, attempt),
        output="a secret",
        usage=usage,
        started_at=T0,
        duration_ms=500,
    )


def failed(step: int, attempt: int = 1) -> AttemptFailed:
    return AttemptFailed(
        step=step,
        attempt_id=attempt_id(step, attempt),
        error=AttemptError(code="timeout", message="a secret", retryable=True),
        started_at=T0,
        duration_ms=500,
    )


def late(step: int) -> AttemptReportedLate:
    return AttemptReportedLate(
        step=step,
        attempt_id=attempt_id(step),
        output="a secret",
        usage=USAGE,
        started_at=T0,
        duration_ms=9000,
    )


def given(*events: AnyEvent, traceparent: str | None = None) -> History:
    return History().then(*events, traceparent=traceparent)


def two_steps(traceparent: str | None = None) -> History:
    steps = (plan(1, "research-contacts"), plan(2, "generate-pitch", "coach-agent"))
    return (
        given(started(*steps), requested(1), traceparent=traceparent)
        .then(completed(1), requested(2, skill="generate-pitch"))
        .then(AttemptStarted(step=2, attempt_id=attempt_id(2), runner="runner-1", lease_until=T0))
        .then(completed(2, usage=USAGE), SessionCompleted())
    )


def failed_session() -> History:
    return given(started(plan(1, "research-contacts")), requested(1)).then(
        failed(1),
        StepFailed(step=1, code="timeout", message="m"),
        SessionFailed(step=1, code="timeout", message="m"),
    )


def retried_session() -> History:
    return (
        failed_session()
        .then(
            SessionRetried(from_step=1, steps=(plan(1, "research-contacts"),)),
            requested(1, 2),
            traceparent=RETRY_CLIENT,
        )
        .then(completed(1, 2), SessionCompleted())
    )


def named(spans: list[Span], name: str) -> Span:
    (found,) = [span for span in spans if span.name == name]
    return found


def assert_one_tree(spans: list[Span]) -> None:
    received = [
        otlp.Received(
            service="orchestrator",
            trace_id=span.trace_id,
            span_id=span.span_id,
            parent_span_id=span.parent_span_id or "",
            name=span.name,
            start=0,
            end=0,
            attributes=dict(span.attributes),
            failed=span.failed,
            links=span.links,
        )
        for span in spans
    ]
    otlp.assert_whole(received)


def test_a_session_is_the_root_of_its_attempts():
    spans = two_steps().spans
    assert [span.name for span in spans] == [
        "execute_tool research-contacts",
        "execute_tool generate-pitch",
        "invoke_agent scout-agent",
    ]
    assert_one_tree(spans)


def test_an_attempt_that_was_answered_from_the_cache_says_so():
    cached = Cached(from_attempt=attempt_id(9), saved_usd=Decimal("0.25"))
    hit = structs.replace(completed(1), cached=cached)
    spans = given(started(plan(1, "research-contacts")), requested(1)).then(hit, SessionCompleted()).spans
    told = named(spans, "execute_tool research-contacts").attributes
    assert told["totalaud.cache.hit"] is True
    assert told["totalaud.cache.from_attempt"] == str(attempt_id(9))
    assert told["totalaud.cache.saved_usd"] == 0.25
    assert not [name for span in two_steps().spans for name in span.attributes if "cache." in name]


def test_a_session_nobody_traced_has_its_own_id_as_trace_id():
    assert {span.trace_id for span in two_steps().spans} == {ID.hex}


def test_a_client_that_is_traced_is_the_parent_of_the_session():
    root = named(two_steps(CLIENT).spans, "invoke_agent scout-agent")
    assert (root.trace_id, root.parent_span_id) == ("ab" * 16, "cd" * 8)


def test_a_client_that_does_not_record_its_span_is_no_parent():
    root = named(two_steps(CLIENT[:-1] + "0").spans, "invoke_agent scout-agent")
    assert (root.trace_id, root.parent_span_id) == ("ab" * 16, None)


def test_a_broken_traceparent_counts_as_none():
    assert {span.trace_id for span in two_steps("00-nonsense").spans} == {ID.hex}


def test_a_session_that_goes_on_tells_nothing_yet():
    assert given(started(plan(1, "research-contacts")), requested(1)).then(completed(1)).spans == []


def test_an_attempt_lasts_from_its_request_to_its_report():
    span = named(two_steps().spans, "execute_tool generate-pitch")
    assert (span.start, span.end) == (T0 + timedelta(seconds=1), T0 + timedelta(seconds=3))


def test_an_attempt_says_who_ran_it_and_what_it_used():
    attributes = named(two_steps().spans, "execute_tool generate-pitch").attributes
    assert attributes == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "generate-pitch",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": str(attempt_id(2)),
        "gen_ai.conversation.id": str(ID),
        "gen_ai.agent.name": "coach-agent",
        "totalaud.step": 2,
        "totalaud.attempt": 1,
        "totalaud.pool": "custom",
        "totalaud.skill.hash": "h",
        "totalaud.runner": "runner-1",
        "totalaud.duration_ms": 500,
        "totalaud.input_tokens": 100,
        "totalaud.output_tokens": 20,
        "totalaud.cached_tokens": 0,
        "totalaud.cost_usd": 0.25,
        "totalaud.list_price_usd": 0.25,
        "totalaud.simulated": False,
    }


def test_the_session_sums_up_its_attempts():
    attributes = named(two_steps().spans, "invoke_agent scout-agent").attributes
    assert (attributes["totalaud.input_tokens"], attributes["totalaud.cost_usd"]) == (100, 0.25)


def test_an_unknown_price_is_counted_rather_than_taken_for_nothing():
    unpriced = replace_usage(cost_usd=None)
    history = given(started(plan(1, "research-contacts")), requested(1)).then(
        completed(1, usage=unpriced), SessionCompleted()
    )
    assert named(history.spans, "invoke_agent scout-agent").attributes["totalaud.unpriced_calls"] == 1


def replace_usage(**changes: object) -> Usage:
    return structs.replace(USAGE, **changes)


def test_a_failed_attempt_carries_its_code_and_a_new_attempt_its_own_span():
    history = (
        given(started(plan(1, "research-contacts")), requested(1))
        .then(failed(1), requested(1, 2))
        .then(completed(1, 2), SessionCompleted())
    )
    first, second, _ = history.spans
    assert (first.failed, first.attributes["error.type"], second.failed) == (True, "timeout", False)
    assert_one_tree(history.spans)


def test_the_first_success_of_an_attempt_given_up_counts():
    history = (
        given(started(plan(1, "research-contacts")), requested(1))
        .then(AttemptLost(step=1, attempt_id=attempt_id(1)), requested(1, 2))
        .then(completed(1), AttemptWithdrawn(step=1, attempt_id=attempt_id(1, 2)), SessionCompleted())
    )
    first, second, _ = history.spans
    assert (first.failed, second.attributes["error.type"]) == (False, "withdrawn")


def stopped(asked: Decimal | None) -> AttemptStopped:
    return AttemptStopped(
        step=1,
        attempt_id=attempt_id(1),
        scope="user",
        limit_usd=Decimal(1),
        spent_usd=Decimal(0),
        reserved_usd=Decimal(0),
        asked_usd=asked,
    )


@pytest.mark.parametrize(
    ("asked", "code"), [(Decimal(2), "budget_exceeded"), (None, "unknown_price")], ids=["dear", "unknown"]
)
def test_an_attempt_that_a_limit_stops_ends_there_however_long_its_session_waits(asked, code):
    history = (
        given(started(plan(1, "research-contacts")), requested(1))
        .then(stopped(asked), SessionWaiting(step=1, on="budget"))
        .then(requested(1, 2))
        .then(completed(1, 2), SessionCompleted())
    )
    first = history.spans[0]
    assert (first.end, first.attributes["error.type"]) == (T0 + timedelta(seconds=1), code)


def test_a_waiting_session_that_is_retried_goes_on_with_its_life():
    spans = (
        given(started(plan(1, "research-contacts")), requested(1))
        .then(AttemptLost(step=1, attempt_id=attempt_id(1)), SessionWaiting(step=1, on="in_doubt"))
        .then(
            SessionRetried(from_step=1, steps=(plan(1, "research-contacts"),)),
            requested(1, 2),
            traceparent=RETRY_CLIENT,
        )
        .then(completed(1, 2), SessionCompleted())
        .spans
    )
    root = named(spans, "invoke_agent scout-agent")
    assert (root.span_id, root.start, root.links) == (trace_ids.life_span(SESSION), T0, (RETRY_CLIENT,))
    assert_one_tree(spans)


def test_a_retry_is_a_second_life_below_the_first():
    spans = retried_session().spans
    first, second = (span for span in spans if span.name == "invoke_agent scout-agent")
    assert second.parent_span_id == first.span_id
    assert spans[2].parent_span_id == second.span_id
    assert_one_tree(spans)


def test_a_retry_is_linked_to_what_it_goes_on_from_and_to_who_asked():
    second = retried_session().spans[-1]
    first = trace_ids.traceparent(ID.hex, trace_ids.life_span(SESSION))
    assert second.links == (first, RETRY_CLIENT)


def test_a_longer_past_only_adds_spans():
    assert retried_session().spans[:2] == failed_session().spans


def test_every_span_belongs_to_the_commit_that_completed_it():
    assert [span.seq for span in retried_session().spans] == [3, 3, 7, 7]


def test_an_attempt_open_at_the_cancel_ends_with_it():
    history = given(started(plan(1, "research-contacts")), requested(1)).then(SessionCancelled())
    attempt, root = history.spans
    assert (attempt.end, attempt.attributes["error.type"]) == (root.end, "cancelled")


def test_a_report_after_the_end_is_a_span_of_its_own_below_its_attempt():
    history = given(started(plan(1, "research-contacts")), requested(1)).then(SessionCancelled())
    before = history.spans
    *same, report = history.then(late(1)).spans
    assert same == before
    assert report.name == "report_late research-contacts"
    assert report.parent_span_id == trace_ids.attempt_span(attempt_id(1))
    assert report.attributes["totalaud.cost_usd"] == 0.25
    assert_one_tree([*same, report])


def test_a_success_of_an_earlier_life_is_a_span_below_its_attempt_and_counts_for_the_life_it_completes():
    spans = (
        given(started(plan(1, "research-contacts")), requested(1))
        .then(SessionCancelled())
        .then(SessionRetried(from_step=1, steps=(plan(1, "research-contacts"),)), requested(1, 2))
        .then(
            completed(1, usage=USAGE),
            AttemptWithdrawn(step=1, attempt_id=attempt_id(1, 2)),
            SessionCompleted(),
        )
        .spans
    )
    report = named(spans, "report_late research-contacts")
    assert (report.failed, report.seq) == (False, spans[-1].seq)
    assert report.parent_span_id == trace_ids.attempt_span(attempt_id(1))
    assert report.attributes["totalaud.cost_usd"] == spans[-1].attributes["totalaud.cost_usd"] == 0.25
    assert_one_tree(spans)


def test_a_late_report_before_the_end_belongs_to_its_attempt():
    history = (
        given(started(plan(1, "research-contacts")), requested(1))
        .then(AttemptLost(step=1, attempt_id=attempt_id(1)), requested(1, 2))
        .then(completed(1, 2), requested(2, skill="score-contacts"))
        .then(late(1))
        .then(completed(2), SessionCompleted())
    )
    first = history.spans[0]
    assert (first.attributes["error.type"], first.attributes["totalaud.cost_usd"]) == ("lost", 0.25)
    assert first.attributes["totalaud.reported_late"] is True


def test_a_refused_start_is_a_root_with_its_code():
    refused = SessionRefused(
        agent="scout-agent", code="unknown_skill", field="steps.0.skill", message="m", fingerprint="f"
    )
    (root,) = given(refused).spans
    assert (root.name, root.attributes["error.type"]) == ("invoke_agent scout-agent", "unknown_skill")


def test_a_session_cancelled_before_it_began_is_a_root():
    (root,) = given(SessionCancelled()).spans
    assert (root.name, root.parent_span_id, root.start) == ("invoke_agent", None, root.end)


def test_a_skill_alone_is_a_root_above_its_attempt():
    alone = SessionStarted(agent=None, steps=(plan(1, "research-contacts", None),), input={}, fingerprint="f")
    history = given(alone, requested(1)).then(completed(1), SessionCompleted())
    attempt, root = spans_of(execution(USER, ID), Past(tuple(history.recorded)))
    assert (root.name, root.parent_span_id) == ("execute_skill research-contacts", None)
    assert attempt.parent_span_id == root.span_id


def test_the_runners_parent_is_the_attempts_span():
    attempt = named(two_steps(CLIENT).spans, "execute_tool generate-pitch")
    parent = trace_ids.attempt_parent(trace_ids.session_parent(SESSION, CLIENT), attempt_id(2))
    assert trace_ids.parse(parent) == (attempt.trace_id, attempt.span_id, True)


def test_the_projectors_parent_is_the_sessions_span():
    root = named(two_steps(CLIENT).spans, "invoke_agent scout-agent")
    parent = trace_ids.parse(trace_ids.session_parent(SESSION, CLIENT))
    assert parent == (root.trace_id, root.span_id, True)


@pytest.mark.parametrize("history", [two_steps(CLIENT), retried_session()])
def test_no_span_holds_an_input_an_output_or_a_message(history):
    assert "secret" not in repr(history.spans)


@pytest.mark.parametrize("behind", ["", "-Jane Example", "-" + "x" * 100_000])
async def test_of_a_sender_s_span_no_more_is_kept_than_says_which_it_is(behind: str):
    log, own, span = MemoryLog(), session(UUID(int=1), UUID(int=2)), f"00-{'ab' * 16}-{'cd' * 8}-01"
    await Sessions(log).decide(own, start(1), traceparent=span + behind)
    (recorded,) = (await log.load(own)).recorded
    assert recorded.commit.traceparent == span
