"""The rules of a session's life, one sentence each."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from controls import (
    LEASE_S,
    NOW,
    SESSION,
    USER,
    attempt_id,
    claim,
    deferral,
    failure,
    hit,
    later,
    planned,
    report,
    requested,
    start,
    usage,
)
from given import Given, given
from orchestrator.asked import (
    Cancel,
    Command,
    ExpireLease,
    Refuse,
    ReportAttempt,
    Retry,
    SetSessionBudget,
    WakeUp,
)
from orchestrator.decide import answer, check_retry, decide
from orchestrator.session import Session, Timer, outstanding
from shared.events import (
    AttemptDeferred,
    AttemptFailed,
    AttemptLost,
    AttemptReportedLate,
    AttemptRequested,
    AttemptStarted,
    AttemptWithdrawn,
    Budget,
    RetryScheduled,
    SessionCancelled,
    SessionCompleted,
    SessionFailed,
    SessionRefused,
    SessionRetried,
    SessionStarted,
    StepCompleted,
    StepFailed,
    StepHandedOff,
)
from shared.refusal import Refusal
from shared.subjects import execution, session

TRIES = {"rate_limited": 8, "skill_error": 2}


def test_a_start_requests_the_first_attempt():
    started, asked = given().when(start()).then_happens(SessionStarted, AttemptRequested)
    assert (started.agent, asked) == ("scout-agent", requested(1))


def test_all_that_a_start_was_asked_with_is_in_the_log():
    command = structs.replace(start(), beside_session=UUID(int=9), budget=Budget(limit_usd=Decimal(1)))
    started, _ = given().when(command).then_happens(SessionStarted, AttemptRequested)
    assert {field: getattr(started, field) for field in structs.asdict(command)} == structs.asdict(command)


def test_a_step_of_another_agents_skill_is_handed_off():
    command = start(2)
    command = type(command)("scout-agent", (planned(1), planned(2, agent="coach-agent")), {}, "print")
    _, handed, _ = given().when(command).then_happens(SessionStarted, StepHandedOff, AttemptRequested)
    assert (handed.step, handed.to_agent) == (2, "coach-agent")


def test_the_same_start_again_changes_nothing():
    given(start()).when(start()).nothing_happens()


def test_another_start_under_the_same_id_is_a_conflict():
    other = type(start())("scout-agent", (planned(1),), {}, "another print")
    given(start()).when(other).is_refused("conflict")


def test_a_refused_queued_start_is_recorded_once():
    refuse = Refuse(
        "scout-agent", Refusal("unknown_skill", "steps[0].skill", "there is no such skill"), "print"
    )
    (told,) = given().when(refuse).then_happens(SessionRefused)
    assert (told.agent, told.code, told.field, told.message, told.fingerprint) == (
        "scout-agent",
        "unknown_skill",
        "steps[0].skill",
        "there is no such skill",
        "print",
    )
    given(refuse).when(refuse).nothing_happens()
    given(refuse).when(start()).nothing_happens()
    given(refuse).when(type(start())("scout-agent", (planned(1),), {}, "another")).is_refused("conflict")


def test_a_template_may_take_from_the_sessions_own_input():
    command = start(1, input={"text": "{{input.topic}}"})
    _, asked = given().when(command).then_happens(SessionStarted, AttemptRequested)
    assert asked.input == {"text": "synthpop"}


def test_a_completed_step_requests_the_next_with_its_output():
    _, asked = given(start()).when(report(1)).then_happens(StepCompleted, AttemptRequested)
    assert asked == requested(2)


def test_the_last_completed_step_completes_the_session():
    given(start(1)).when(report(1)).then_happens(StepCompleted, SessionCompleted)


def test_a_repeated_report_changes_nothing():
    given(start(), report(1)).when(report(1)).nothing_happens()


def test_a_report_on_an_attempt_that_nobody_asked_for_is_refused():
    given(start()).when(report(1, attempt=7)).is_refused("unknown_attempt", "attempt_id")


def test_a_retryable_failure_is_retried_after_the_back_off():
    _, retry = given(start()).when(failure(1)).then_happens(AttemptFailed, RetryScheduled)
    assert retry.due == later(1)


def test_the_back_off_doubles():
    tried = given(start(max_attempts=5), failure(1)).and_then(WakeUp(), now=later(1))
    _, retry = tried.when(failure(1, attempt=2)).then_happens(AttemptFailed, RetryScheduled)
    assert retry.due == later(2)


def test_a_provider_that_asks_for_more_time_gets_it():
    patient = structs.replace(failure(1).report.error, retry_after_s=30.0)
    _, retry = given(start()).when(failure(1, error=patient)).then_happens(AttemptFailed, RetryScheduled)
    assert retry.due == later(30)


def test_a_provider_that_names_a_moment_where_it_should_name_seconds_is_asked_again_in_a_day():
    for absurd in (1_795_766_400.0, 1_795_766_400_000.0):
        told = structs.replace(failure(1).report.error, retry_after_s=absurd)
        _, retry = given(start()).when(failure(1, error=told)).then_happens(AttemptFailed, RetryScheduled)
        assert retry.due == later(86_400)


def test_a_due_retry_requests_another_attempt():
    (asked,) = given(start(), failure(1)).when(WakeUp(), later(1)).then_happens(AttemptRequested)
    assert asked == requested(1, attempt=2)


def test_a_retry_that_is_not_due_waits():
    given(start(), failure(1)).when(WakeUp(), later(0.5)).nothing_happens()


def test_the_last_try_fails_the_session_and_names_the_step():
    tried = given(start(), failure(1)).and_then(WakeUp(), now=later(1))
    _, _, failed = tried.when(failure(1, attempt=2)).then_happens(AttemptFailed, StepFailed, SessionFailed)
    assert (failed.step, failed.code) == (1, "provider_error")


@pytest.mark.parametrize(
    ("code", "most", "tries"),
    [
        *((code, 3, 9) for code in ("tables_away", "projection_behind", "rate_limited", "provider_away")),
        *((code, 1, 1) for code in ("tables_away", "provider_away")),
        *((code, 3, 3) for code in ("skill_error", "provider_error")),
    ],
)
def test_what_is_no_fault_of_a_step_is_waited_for_longer(code: str, most: int, tries: int):
    tried_to_the_end(given(start(1, max_attempts=most)), code, 1, tries)


@pytest.mark.parametrize("code", TRIES)
@pytest.mark.parametrize("before", TRIES)
def test_after_a_retry_and_at_the_next_step_all_tries_are_there_again(before: str, code: str):
    failed = tried_to_the_end(given(start(1)), before, 1, TRIES[before])
    retried = failed.and_then(Retry(1, (planned(1),)))
    tried_to_the_end(retried, code, 1, TRIES[code], so_far=TRIES[before])
    done = waited(given(start()), failing(1, 1, before)).and_then(report(1, attempt=2))
    tried_to_the_end(done, code, 2, TRIES[code])


def failing(step: int, attempt: int, code: str) -> ReportAttempt:
    return failure(step, attempt, error=structs.replace(failure(1).report.error, code=code))


def waited(story: Given, failed: ReportAttempt) -> Given:
    """Have an attempt fail, and the next one asked for once it is due."""
    _, retry = story.when(failed).then_happens(AttemptFailed, RetryScheduled)
    return story.and_then(failed).and_then(WakeUp(), now=retry.due)


def tried_to_the_end(story: Given, code: str, step: int, tries: int, so_far: int = 0) -> Given:
    """Have so many attempts fail alike, the last of them for good; `so_far` were asked for before."""
    for attempt in range(so_far + 1, so_far + tries):
        story = waited(story, failing(step, attempt, code))
    last = failing(step, so_far + tries, code)
    story.when(last).then_happens(AttemptFailed, StepFailed, SessionFailed)
    return story.and_then(last)


@pytest.mark.parametrize("last", [failure(1, 5), ExpireLease(attempt_id(1, 5))], ids=["failed", "lost"])
def test_who_has_waited_for_long_loses_no_try_by_it(last: Command):
    limited = structs.replace(failure(1).report.error, code="rate_limited")
    story = given(start(1, max_attempts=3))
    for attempt in range(1, 5):
        story = story.and_then(failure(1, attempt, error=limited)).and_then(WakeUp(), now=later(60 * attempt))
    _, retry = story.and_then(claim(1, 5)).when(last).events
    assert isinstance(retry, RetryScheduled)


def test_a_failure_that_is_not_retryable_fails_the_session_at_once():
    given(start()).when(failure(1, retryable=False)).then_happens(AttemptFailed, StepFailed, SessionFailed)


def test_what_a_failing_skill_had_yielded_is_kept():
    failed = failure(1, retryable=False, partial={"contacts": [1]})
    _, step, _ = given(start()).when(failed).then_happens(AttemptFailed, StepFailed, SessionFailed)
    assert step.partial == {"contacts": [1]}


@pytest.mark.parametrize("asked", ["{{step1.text}} " * 70, ["{{step1}}"] * 70])
def test_templates_that_bring_in_more_than_any_message_holds_fail_the_step(asked: str | list[str]):
    steps = (planned(1), planned(2, input={"text": asked}))
    _, failed, _ = (
        given(structs.replace(start(2), steps=steps))
        .when(report(1, output={"text": "x" * 2**20}))
        .then_happens(StepCompleted, StepFailed, SessionFailed)
    )
    assert (failed.step, failed.code) == (2, "input_too_large")


def test_a_template_that_finds_nothing_at_run_time_fails_the_step():
    _, failed, _ = (
        given(start())
        .when(report(1, output={"other": 1}))
        .then_happens(StepCompleted, StepFailed, SessionFailed)
    )
    assert (failed.step, failed.code) == (2, "bad_template")


def test_the_first_claim_starts_the_attempt_and_the_second_runner_waits():
    claimed = given(start(pool="anthropic"))
    claimed.when(claim()).then_happens(AttemptStarted)
    claimed = claimed.and_then(claim())
    claimed.when(claim(runner="runner-2")).nothing_happens()
    assert answer(claimed.session, claim(runner="runner-2").claim, 5).verdict == "later"


def test_an_attempt_that_waits_for_its_provider_is_told_once_and_may_still_be_claimed():
    waits = given(start(pool="anthropic"))
    (deferred,) = waits.when(deferral()).then_happens(AttemptDeferred)
    assert (deferred.step, deferred.code) == (1, "rate_limited")
    assert deferred.message == "the provider takes no more calls now"
    waits = waits.and_then(deferral())
    waits.when(deferral()).nothing_happens()
    waits.when(claim()).then_happens(AttemptStarted)


@pytest.mark.parametrize("then", [claim(), report(1), Cancel()], ids=["claimed", "reported", "cancelled"])
def test_an_attempt_that_does_not_wait_any_more_is_not_told_to(then: Command):
    given(start(pool="anthropic"), then).when(deferral()).nothing_happens()


def test_each_attempt_at_a_step_may_wait_for_its_provider():
    again = given(start(pool="anthropic"), deferral(), failure()).and_then(WakeUp(), now=later(60))
    (deferred,) = again.when(deferral(1, 2)).then_happens(AttemptDeferred)
    assert deferred.attempt_id == attempt_id(1, 2)


def test_a_runner_that_lost_the_answer_to_its_claim_may_run():
    assert answer(given(start(), claim()).session, claim().claim, 5).verdict == "run"


def test_a_claim_on_an_attempt_that_nobody_awaits_is_dropped():
    cancelled = given(start(), Cancel())
    cancelled.when(claim()).nothing_happens()
    assert answer(cancelled.session, claim().claim, 5).verdict == "drop"


def test_a_lost_attempt_counts_and_is_tried_again():
    expired = given(start(), claim()).when(ExpireLease(attempt_id()))
    expired.then_happens(AttemptLost, RetryScheduled)


def test_a_step_that_kills_its_runner_each_time_ends_as_failed():
    lost = given(start(), claim(), ExpireLease(attempt_id())).and_then(WakeUp(), now=later(1))
    lost.and_then(claim(attempt=2)).when(ExpireLease(attempt_id(1, 2))).then_happens(
        AttemptLost, StepFailed, SessionFailed
    )


def test_an_unclaimed_attempt_cannot_be_lost():
    given(start()).when(ExpireLease(attempt_id())).nothing_happens()


def test_the_success_of_a_lost_attempt_wins_and_withdraws_its_rival():
    rivals = given(start(), claim(), ExpireLease(attempt_id())).and_then(WakeUp(), now=later(1))
    _, withdrawn, _ = rivals.when(report(1)).then_happens(StepCompleted, AttemptWithdrawn, AttemptRequested)
    assert withdrawn.attempt_id == attempt_id(1, 2)


def test_a_rivals_late_success_is_a_fact_with_its_cost():
    rivals = given(start(), claim(), ExpireLease(attempt_id())).and_then(WakeUp(), now=later(1))
    (late,) = (
        rivals.and_then(report(1))
        .when(report(1, attempt=2, usage=usage(3)))
        .then_happens(AttemptReportedLate)
    )
    assert late.usage == usage(3)


def test_a_failure_beside_a_running_rival_waits_for_the_rival():
    rivals = given(start(), claim(), ExpireLease(attempt_id())).and_then(WakeUp(), now=later(1))
    rivals.when(failure(1)).then_happens(AttemptReportedLate)


def test_a_report_after_the_end_is_a_fact_with_its_cost():
    cancelled = given(start(), Cancel())
    (late,) = cancelled.when(report(1, usage=usage(2))).then_happens(AttemptReportedLate)
    assert (late.usage, late.output, late.error) == (usage(2), report(1).report.output, None)
    (failed,) = cancelled.when(failure(1)).then_happens(AttemptReportedLate)
    assert (failed.output, failed.error) == (None, failure(1).report.error)
    cancelled.and_then(report(1, usage=usage(2))).when(report(1, usage=usage(2))).nothing_happens()


def test_a_result_from_the_cache_completes_the_step_and_is_told_from_a_run():
    completed, _ = given(start()).when(hit(1)).then_happens(StepCompleted, AttemptRequested)
    assert (completed.cache_key, completed.cached) == ("key", hit().report.cached)
    given(start(), hit(1)).when(claim(1)).nothing_happens()


def test_a_result_from_the_cache_gives_way_to_a_runner_that_may_be_paying():
    given(start(), claim()).when(hit(1)).nothing_happens()
    given(start(), claim(), ExpireLease(attempt_id())).when(hit(1)).nothing_happens()
    given(start(), Cancel()).when(hit(1)).nothing_happens()


def test_whether_a_step_must_be_run_goes_into_every_attempt():
    fresh = given(start(fresh=True))
    assert [held.asked.fresh for held in fresh.session.open.values()] == [True]
    (again,) = given(start(fresh=True), failure(1)).when(WakeUp(), later(1)).events
    assert again.fresh


def test_a_cancel_stops_the_session_once():
    given(start()).when(Cancel("enough")).then(SessionCancelled(reason="enough"))
    given(start(), Cancel()).when(Cancel()).nothing_happens()


def test_a_cancel_that_comes_again_late_does_not_undo_a_retry():
    cancel = Cancel("enough", "command-1")
    retried = given(start(), cancel, Retry(1, (planned(1), planned(2)), "command-2"))
    retried.when(cancel).nothing_happens()
    retried.when(Cancel("enough", "command-3")).then_happens(SessionCancelled)


def test_an_id_that_another_command_had_is_no_repetition():
    retry = Retry(1, (planned(1), planned(2)), "command-1")
    cancelled = given(start(), Cancel("enough", "command-1"))
    cancelled.when(retry).then_happens(SessionRetried, AttemptRequested)
    retried = cancelled.and_then(retry)
    retried.when(Cancel("enough", "command-1")).nothing_happens()
    limited = retried.and_then(SetSessionBudget(Decimal(1), command_id="command-4"))
    limited.when(Cancel("enough", "command-4")).then_happens(SessionCancelled)


def test_a_command_that_asks_for_something_else_under_a_used_id_is_refused():
    cancelled = given(start(), Cancel("enough", "command-1", "print-1"))
    cancelled.when(Cancel("enough", "command-1", "print-1")).nothing_happens()
    cancelled.when(Cancel("other", "command-1", "print-2")).is_refused("conflict", "command_id")
    plans = planned(1), planned(2)
    retried = cancelled.and_then(Retry(1, plans, "command-2", "print-3"))
    retried.when(Retry(1, plans, "command-2", "print-3")).nothing_happens()
    retried.when(Retry(1, plans, "command-2", "print-4")).is_refused("conflict", "command_id")


def test_an_id_of_which_an_older_release_kept_no_fingerprint_is_a_repetition():
    given(start(), Cancel("enough", "command-1")).when(
        Cancel("other", "command-1", "print")
    ).nothing_happens()


def test_a_cancel_before_the_start_stands():
    given(Cancel()).when(start()).nothing_happens()


def test_an_ended_session_cannot_be_cancelled():
    given(start(1), report(1)).when(Cancel()).is_refused("already_ended")


def test_a_refusal_names_the_id_of_what_it_is_about():
    subject = execution(UUID(int=1), UUID(int=2)).subject
    begun = decide(start(1), Session(), NOW, subject).session
    ended = structs.replace(begun, status="completed")
    with pytest.raises(Refusal, match="the execution is completed, there is nothing to cancel") as refused:
        decide(Cancel(), ended, NOW, subject)
    with pytest.raises(Refusal, match="used for another command") as conflict:
        decide(structs.replace(start(1), fingerprint="another"), begun, NOW, subject)
    assert (refused.value.field, conflict.value.field) == ("execution_id", "execution_id")


def test_no_step_is_requested_after_the_end():
    assert outstanding(given(start(), failure(1), Cancel()).session).timers == ()
    given(start(), failure(1), Cancel()).when(WakeUp(), later(1)).nothing_happens()


def test_a_retry_goes_on_from_the_failed_step_and_keeps_earlier_outputs():
    failed = given(start(), report(1), failure(2, retryable=False))
    retried, asked = failed.when(Retry(2, (planned(2),))).then_happens(SessionRetried, AttemptRequested)
    assert (retried.from_step, asked) == (2, requested(2, attempt=2))


def test_a_retry_can_start_from_an_earlier_step():
    failed = given(start(), report(1), failure(2, retryable=False))
    _, asked = failed.when(Retry(1, (planned(1), planned(2)))).then_happens(SessionRetried, AttemptRequested)
    assert asked == requested(1, attempt=2)


def test_the_same_retry_again_changes_nothing():
    failed = given(start(1), failure(1, retryable=False))
    retry = Retry(1, (planned(1),), "command-1")
    failed_again = failed.and_then(retry, failure(1, attempt=2, retryable=False))
    failed_again.when(retry).nothing_happens()
    another = Retry(1, (planned(1),), "command-2")
    failed_again.when(another).then_happens(SessionRetried, AttemptRequested)


def test_only_a_failed_or_cancelled_session_is_retried():
    given(start()).when(Retry(1, ())).is_refused("not_retryable")
    given().when(Retry(1, ())).is_refused("not_found")
    given(start(1), report(1)).when(Retry(1, ())).is_refused("not_retryable")


def test_what_never_started_is_not_retried():
    refuse = Refuse(None, Refusal("invalid", "agent", "no text"), "print")
    for never in (given(Cancel()), given(refuse)):
        never.when(Retry(1, ())).is_refused("not_retryable")
        with pytest.raises(Refusal, match="never started: run it anew"):
            check_retry(never.session, None, None, None)


def test_a_retry_skips_no_step():
    failed = given(start(3), report(1), failure(2, retryable=False))
    failed.when(Retry(3, (planned(3),))).is_refused("invalid", "from_step")
    given(start(3), report(1), Cancel()).when(Retry(3, (planned(3),))).is_refused("invalid", "from_step")


@pytest.mark.parametrize(
    ("done", "way"), [((), "retry from step 1"), ((report(1),), "retry from step 2 or earlier")]
)
def test_from_where_it_can_be_retried_is_told(done: tuple[Any, ...], way: str):
    failed = given(start(3), *done, failure(len(done) + 1, retryable=False))
    with pytest.raises(Refusal, match=f"{way}$"):
        check_retry(failed.session, 3, None, None)


def test_a_cancelled_session_is_retried_from_where_it_was():
    cancelled = given(start(), report(1), Cancel())
    cancelled.when(Retry(2, (planned(2),))).then_happens(SessionRetried, AttemptRequested)


def test_a_success_of_before_a_retry_counts_where_the_step_asks_the_same_still():
    retried = given(start(), report(1), Cancel(), Retry(2, (planned(2),)))
    _, withdrawn, _ = retried.when(report(2)).then_happens(StepCompleted, AttemptWithdrawn, SessionCompleted)
    assert withdrawn.attempt_id == attempt_id(2, 2)


def test_a_success_of_before_a_retry_with_another_input_or_skill_is_a_fact_only():
    for changed in (planned(2, input={"text": "other"}), planned(2, skill_hash="newer")):
        retried = given(start(), report(1), Cancel(), Retry(2, (changed,)))
        retried.when(report(2)).then_happens(AttemptReportedLate)


def test_a_success_from_an_earlier_output_than_the_steps_own_is_a_fact_only():
    lost = given(start(), report(1), claim(2), ExpireLease(attempt_id(2)), Cancel())
    retried = lost.and_then(Retry(1, (planned(1), planned(2))), report(1, 2, output={"text": "anew"}))
    (late,) = retried.when(report(2, usage=usage(3))).then_happens(AttemptReportedLate)
    assert late.usage == usage(3)
    retried.when(report(2, 2)).then_happens(StepCompleted, SessionCompleted)


def test_outstanding_names_the_work_and_the_lease():
    waiting = outstanding(given(start(), claim()).session)
    assert waiting.work == (requested(1),)
    assert waiting.timers == (Timer(later(5), attempt_id()),)


def test_outstanding_names_the_due_retry():
    assert outstanding(given(start(), failure(1)).session).timers == (Timer(later(1)),)


def test_a_failed_session_waits_for_nothing():
    session = given(start(), failure(1, retryable=False)).session
    assert outstanding(session) == outstanding(given().session)


def test_nobody_elses_attempt_has_the_id_whatever_ids_they_choose():
    same_id = (session(USER, SESSION), execution(USER, SESSION), session(UUID(int=9), SESSION))
    asked = [decide(start(1), Session(), NOW, one.subject).events[-1] for one in same_id]
    assert len({event.attempt_id for event in asked}) == len(same_id)


def test_a_claim_is_a_lease_from_now_on():
    (started,) = given(start(1)).when(claim()).then_happens(AttemptStarted)
    assert started.lease_until == NOW + timedelta(seconds=LEASE_S)


def test_the_next_try_comes_within_ten_minutes_however_long_its_wait_would_be():
    (_, again) = (
        given(start(1, backoff_s=10_000)).when(failure(1)).then_happens(AttemptFailed, RetryScheduled)
    )
    assert again.due == NOW + timedelta(minutes=10)
