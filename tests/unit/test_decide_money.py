"""What limits and doubts do to a session, one sentence each."""

from decimal import Decimal

import pytest
from msgspec import structs

from controls import RUNNER, attempt_id, claim, failure, later, planned, report, start, usage
from given import given
from orchestrator.asked import (
    Cancel,
    ClaimAttempt,
    ExpireLease,
    Resume,
    Retry,
    SetSessionBudget,
    StopAttempt,
    WakeUp,
)
from orchestrator.money import Purse
from shared.events import (
    AttemptError,
    AttemptFailed,
    AttemptLost,
    AttemptReportedLate,
    AttemptRequested,
    AttemptStarted,
    AttemptStopped,
    Budget,
    RetryScheduled,
    SessionBudgetSet,
    SessionFailed,
    SessionRetried,
    SessionWaiting,
    StepCompleted,
    StepFailed,
)


def paid(steps: int = 2, limit: str | None = None, policy="fail", **changes):
    command = start(steps, pool="anthropic", **changes)
    budget = None if limit is None else Budget(limit_usd=Decimal(limit), policy=policy)
    return type(command)("scout-agent", command.steps, {}, "print", budget=budget)


def asks(step: int = 1, most: str | None = "0.02", attempt: int = 1) -> ClaimAttempt:
    command = claim(step, attempt)
    said = structs.replace(command.claim, most_usd=None if most is None else Decimal(most))
    return ClaimAttempt(said, command.lease_s)


def stopped_by(scope: str, policy: str) -> StopAttempt:
    return StopAttempt(asks().claim, scope, Purse(Decimal("0.01")), policy)


def test_a_claim_sets_aside_what_it_may_cost():
    (started,) = given(paid(limit="0.05")).when(asks()).then_happens(AttemptStarted)
    assert started.reserved_usd == Decimal("0.02")


def test_a_claim_that_the_limit_does_not_cover_fails_the_step_before_any_call():
    stopped, failed, _ = (
        given(paid(limit="0.01")).when(asks()).then_happens(AttemptStopped, StepFailed, SessionFailed)
    )
    assert (stopped.scope, stopped.asked_usd, failed.code) == ("session", Decimal("0.02"), "budget_exceeded")


def test_a_refusal_names_the_limit_what_is_left_and_the_way_out():
    _, failed, _ = (
        given(paid(limit="0.01")).when(asks()).then_happens(AttemptStopped, StepFailed, SessionFailed)
    )
    assert failed.message == (
        "the step may cost $0.02, the budget of the session has $0.01 left of $0.01: "
        "raise it ('totalaud budget set') and retry"
    )


def test_a_refusal_counts_what_is_spent_and_what_is_set_aside():
    purse = Purse(Decimal("0.10"), spent=Decimal("0.05"), reserved=Decimal("0.04"))
    stop = StopAttempt(asks().claim, "day", purse, "fail")
    _, failed, _ = given(paid()).when(stop).then_happens(AttemptStopped, StepFailed, SessionFailed)
    assert "the budget of the day has $0.01 left of $0.10" in failed.message


def test_whoever_meets_the_limit_of_a_day_is_told_that_the_next_one_has_its_own():
    stop = StopAttempt(asks().claim, "day", Purse(Decimal("0.01")), "fail")
    _, failed, _ = given(paid()).when(stop).then_happens(AttemptStopped, StepFailed, SessionFailed)
    assert failed.message.endswith(
        "raise it ('totalaud budget set --day') or wait for the next day (UTC), and retry"
    )


def test_of_a_limit_below_what_is_spent_nothing_is_left():
    purse = Purse(Decimal("0.10"), spent=Decimal("0.6"))
    _, failed, _ = (
        given(paid())
        .when(StopAttempt(asks(most="1E-7").claim, "day", purse, "fail"))
        .then_happens(AttemptStopped, StepFailed, SessionFailed)
    )
    assert "may cost $0.0000001, the budget of the day has $0 left of $0.10" in failed.message


def test_what_costs_nothing_starts_although_a_limit_was_set_below_what_is_spent():
    spent = given(paid(), asks(), report(usage=usage(2)), SetSessionBudget(Decimal("0.01")))
    spent.when(asks(2, "0")).then_happens(AttemptStarted)


def test_a_session_may_wait_for_money_instead():
    _, waiting = (
        given(paid(limit="0.01", policy="wait")).when(asks()).then_happens(AttemptStopped, SessionWaiting)
    )
    assert waiting.on == "budget"


def alone(limit: str, **changes):
    return structs.replace(paid(1, limit, policy="wait", **changes), agent=None)


def test_a_stand_alone_skill_does_not_wait_for_its_own_limit_which_nobody_can_raise():
    _, failed, _ = given(alone("0.01")).when(asks()).then_happens(AttemptStopped, StepFailed, SessionFailed)
    assert failed.code == "budget_exceeded"
    assert failed.message.endswith("left of $0.01: run it anew with more")


def test_a_stand_alone_skill_that_the_user_s_limit_stops_is_run_anew_once_it_is_raised():
    stopped = given(alone("1")).when(stopped_by("user", "fail"))
    _, failed, _ = stopped.then_happens(AttemptStopped, StepFailed, SessionFailed)
    assert failed.message.endswith("raise it ('totalaud budget set') and run it anew")


def test_a_stand_alone_skill_waits_for_the_user_s_money():
    given(alone("1")).when(stopped_by("user", "wait")).then_happens(AttemptStopped, SessionWaiting)


def test_a_stand_alone_skill_does_not_wait_for_a_person_s_word_that_no_command_can_give():
    lost = given(alone("1", in_doubt="ask"), asks()).when(ExpireLease(attempt_id()))
    _, failed, _ = lost.then_happens(AttemptLost, StepFailed, SessionFailed)
    assert failed.code == "lost"


def test_what_earlier_steps_cost_counts():
    spent = given(paid(limit="0.03"), asks(), report(1, usage=usage(2)))
    spent.when(asks(2)).then_happens(AttemptStopped, StepFailed, SessionFailed)


def test_what_a_step_did_not_use_of_its_reservation_is_there_for_the_next():
    given(paid(limit="0.03"), asks(), report(1, usage=usage(1))).when(asks(2)).then_happens(AttemptStarted)


@pytest.mark.parametrize("policy", ["fail", "wait"])
def test_no_known_price_is_no_call_under_a_limit_and_nothing_to_wait_for(policy: str):
    limited = given(paid(limit="9", policy=policy))
    _, failed, _ = limited.when(asks(most=None)).then_happens(AttemptStopped, StepFailed, SessionFailed)
    assert failed.code == "unknown_price"


def test_without_a_limit_a_price_need_not_be_known():
    given(paid()).when(asks(most=None)).then_happens(AttemptStarted)
    assert given(paid(), asks(most=None)).session.purse.reserved == Decimal(0)


def test_what_a_lost_runner_may_have_spent_counts_as_spent():
    lost = given(paid(limit="0.03"), asks(), ExpireLease(attempt_id())).and_then(WakeUp(), now=later(1))
    lost.when(asks(1, attempt=2)).then_happens(AttemptStopped, StepFailed, SessionFailed)


def test_a_late_report_takes_the_place_of_the_doubt():
    session = given(paid(limit="0.03"), asks(), ExpireLease(attempt_id()), report(1, usage=usage(1))).session
    assert (session.purse.spent, session.doubtful) == (Decimal("0.01"), {})


def test_a_cancelled_call_is_in_doubt_until_it_is_reported_on():
    running = given(paid(limit="0.03"), asks())
    assert running.and_then(Cancel()).session.purse.spent == Decimal("0.02")
    told = running.and_then(Cancel(), failure(1, usage=usage(1))).session
    assert told.purse.spent == Decimal("0.01")


def test_the_limit_of_user_or_day_stops_an_attempt_as_its_own_would():
    stopped, failed, _ = (
        given(paid()).when(stopped_by("day", "fail")).then_happens(AttemptStopped, StepFailed, SessionFailed)
    )
    assert (stopped.scope, failed.code) == ("day", "budget_exceeded")


def test_an_attempt_that_somebody_runs_is_not_stopped():
    given(paid(), asks()).when(stopped_by("day", "fail")).nothing_happens()


def test_a_runner_that_cannot_run_an_attempt_fails_it_only_if_no_other_may_be_paying():
    unable = failure(retryable=False, unclaimed=True)
    given(paid()).when(unable).then_happens(AttemptFailed, StepFailed, SessionFailed)
    given(paid(), asks()).when(unable).nothing_happens()
    given(paid(), asks(), ExpireLease(attempt_id())).when(unable).nothing_happens()


@pytest.mark.parametrize("over", [Cancel(), ExpireLease(attempt_id())], ids=["cancelled", "lost"])
def test_who_claimed_an_attempt_and_was_never_told_to_run_it_clears_its_doubt(over):
    never_told = failure(unclaimed=True, runner=RUNNER)
    ended = given(paid(), asks(), over)
    ended.when(never_told).then_happens(AttemptReportedLate)
    assert ended.and_then(never_told).session.purse.spent == 0
    ended.when(failure(unclaimed=True, runner="another")).nothing_happens()
    given(paid(), over).when(never_told).nothing_happens()
    given(paid(), asks(), over, report(usage=usage())).when(never_told).nothing_happens()


def test_an_attempt_whose_runner_is_stopped_before_it_was_told_to_run_is_tried_again_without_a_word():
    never_told = failure(unclaimed=True, runner=RUNNER)
    asked = given(paid(in_doubt="ask"), asks())
    asked.when(never_told).then_happens(AttemptFailed, RetryScheduled)
    asked.when(failure(unclaimed=True, runner="another")).nothing_happens()


def test_a_stop_that_comes_again_changes_nothing():
    given(paid(), stopped_by("day", "wait")).when(stopped_by("day", "wait")).nothing_happens()


def test_who_waits_for_money_goes_on_when_there_is_some():
    (asked,) = given(paid(), stopped_by("day", "wait")).when(Resume()).then_happens(AttemptRequested)
    assert asked.attempt == 2


def test_who_does_not_wait_or_no_more_is_not_resumed():
    given(paid()).when(Resume()).nothing_happens()
    waiting = given(paid(), stopped_by("day", "wait"))
    resumed = waiting.and_then(Resume())
    resumed.when(Resume()).nothing_happens()
    assert (waiting.session.stopped is None, resumed.session.stopped) == (False, None)
    waiting.and_then(Cancel()).when(Resume()).nothing_happens()


def test_a_late_success_ends_the_wait_for_a_person_s_word():
    lost = given(paid(1, in_doubt="ask"), asks(), ExpireLease(attempt_id()))
    told = lost.and_then(report(1, usage=usage(2)))
    assert (lost.session.waiting_on, told.session.waiting_on) == ("in_doubt", None)
    assert told.session.status == "completed"


def test_a_retry_goes_on_under_the_same_id_once_the_limit_is_raised():
    failed = given(paid(limit="0.01"), asks())
    raised = failed.and_then(SetSessionBudget(Decimal("0.1")))
    retry = Retry(1, failed.session.steps)
    raised.when(retry).then_happens(SessionRetried, AttemptRequested)
    raised.and_then(retry).when(asks(1, attempt=2)).then_happens(AttemptStarted)


def test_a_waiting_session_can_be_retried():
    waiting = given(paid(), stopped_by("day", "wait"))
    retry = Retry(1, waiting.session.steps)
    waiting.when(retry).then_happens(SessionRetried, AttemptRequested)


def test_a_limit_is_set_once():
    limit = SetSessionBudget(Decimal(1))
    given(paid()).when(limit).then_happens(SessionBudgetSet)
    given(paid(), limit).when(limit).nothing_happens()


def test_a_limit_that_comes_again_late_does_not_undo_a_later_one():
    low = SetSessionBudget(Decimal(1), command_id="command-1")
    high = SetSessionBudget(Decimal(2), command_id="command-2")
    given(paid(), low, high).when(low).nothing_happens()
    again = SetSessionBudget(Decimal(1), command_id="command-3")
    set_again = SessionBudgetSet(budget=Budget(limit_usd=Decimal(1)), command_id="command-3")
    given(paid(), low, high).when(again).then(set_again)


def test_another_limit_of_a_session_under_a_used_id_is_refused():
    low = SetSessionBudget(Decimal(1), command_id="command-1", fingerprint="print-1")
    high = SetSessionBudget(Decimal(2), command_id="command-1", fingerprint="print-2")
    given(paid(), low).when(low).nothing_happens()
    given(paid(), low).when(high).is_refused("conflict", "command_id")


def test_what_becomes_of_a_step_stays_as_it_was_when_only_the_limit_of_a_session_is_set():
    waits = given(paid(), SetSessionBudget(Decimal(1), "wait"))
    waits.when(SetSessionBudget(Decimal(1))).nothing_happens()
    waits.when(SetSessionBudget(Decimal(2))).then(
        SessionBudgetSet(budget=Budget(limit_usd=Decimal(2), policy="wait"))
    )


def test_money_does_not_wake_a_session_that_waited_for_it_and_failed_when_it_was_retried():
    unfit = (planned(1, input={"topic": "{{input.nothing}}"}),)
    failed = given(paid(1), stopped_by("day", "wait")).and_then(Retry(1, unfit))
    assert failed.session.status == "failed"
    failed.when(Resume()).nothing_happens()


def test_a_limit_for_a_session_that_never_was_is_refused():
    given().when(SetSessionBudget(None)).is_refused("not_found")


def test_a_stopped_attempt_is_no_failed_try():
    waiting = given(paid(max_attempts=1), stopped_by("day", "wait")).and_then(Resume())
    waiting.and_then(asks(1, attempt=2)).when(report(1, attempt=2)).then_happens(
        StepCompleted, AttemptRequested
    )


def test_a_call_in_doubt_is_repeated_by_default():
    given(paid(), asks()).when(ExpireLease(attempt_id())).then_happens(AttemptLost, RetryScheduled)


def test_a_skill_may_want_a_person_to_decide_about_a_call_in_doubt():
    _, waiting = (
        given(paid(in_doubt="ask"), asks())
        .when(ExpireLease(attempt_id()))
        .then_happens(AttemptLost, SessionWaiting)
    )
    assert waiting.on == "in_doubt"


def test_the_late_report_of_a_call_in_doubt_answers_the_question():
    asked = given(paid(in_doubt="ask"), asks(), ExpireLease(attempt_id()))
    asked.when(report(1, usage=usage(1))).then_happens(StepCompleted, AttemptRequested)


def test_a_failure_that_was_reported_is_not_in_doubt():
    given(paid(in_doubt="ask"), asks()).when(failure(1)).then_happens(AttemptFailed, RetryScheduled)


@pytest.mark.parametrize(("code", "then"), [("lost", SessionWaiting), ("runner_stopped", RetryScheduled)])
def test_of_a_runner_that_was_stopped_only_a_call_in_doubt_is_asked_about(code, then):
    error = AttemptError(code=code, message="its skill-runner was told to stop", retryable=True)
    given(paid(in_doubt="ask"), asks()).when(failure(1, error=error)).then_happens(AttemptFailed, then)
