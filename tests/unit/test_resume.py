"""What an attempt had finished of a list is not asked for again, as long as it is the same that is asked."""

from decimal import Decimal

from controls import attempt_id, claim, failure, later, planned, report, requested, start
from given import given
from orchestrator.asked import Cancel, ExpireLease, Retry, StopAttempt, WakeUp
from orchestrator.money import Purse
from orchestrator.session import done
from shared.events import AttemptReportedLate
from shared.work import Done

TWO = {"partial": {"pitches": ["a", "c"]}, "items": (0, 2)}
ONE = {"partial": {"pitches": ["b"]}, "items": (1,)}


def known(story, step=1, attempt=2, **changes):
    return done(story.session, requested(step, attempt, **changes))


def tried_again(*failures):
    story = given(start(max_attempts=9, pool="anthropic"))
    for attempt, failed in enumerate(failures, 1):
        story = story.and_then(failure(1, attempt, **failed)).and_then(WakeUp(), now=later(999))
    return story


def test_the_next_attempt_has_what_the_failed_one_had_finished_at_its_places():
    assert known(tried_again(TWO)) == Done(**TWO)


def test_an_attempt_that_kept_nothing_loses_nothing():
    assert known(tried_again(TWO, {}), attempt=3) == Done(**TWO)


def test_more_of_the_same_replaces_less():
    assert known(tried_again(ONE, TWO), attempt=3) == Done(**TWO)
    assert known(tried_again(TWO, ONE), attempt=3) == Done(**TWO)


def test_a_partial_result_without_places_is_no_part_of_another_attempt():
    assert known(tried_again({"partial": {"text": "half"}})) is None


def test_another_input_or_version_of_the_skill_starts_from_nothing():
    story = tried_again(TWO)
    assert known(story, input={"topic": "metal"}) is None
    assert known(story, skill_hash="another") is None


def test_a_retried_session_goes_on_from_what_is_there():
    failed = given(start(1, pool="anthropic"), failure(1, retryable=False, **TWO))
    assert known(failed.and_then(Retry(1, (planned(1),)))) == Done(**TWO)
    changed = (planned(1, input={"topic": "metal"}),)
    asked = failed.and_then(Retry(1, changed)).session.open[attempt_id(1, 2)].asked
    assert done(failed.session, asked) is None


def test_what_a_cancelled_attempt_had_finished_is_there_for_a_retry():
    cancelled = given(start(1, pool="anthropic"), Cancel())
    (late,) = cancelled.when(failure(1, **TWO)).then_happens(AttemptReportedLate)
    assert (late.partial, late.items) == (TWO["partial"], TWO["items"])
    told = cancelled.and_then(failure(1, **TWO), Retry(1, (planned(1),)))
    assert known(told) == Done(**TWO)


def test_what_a_lost_attempt_reports_after_all_is_kept():
    lost = given(start(max_attempts=9, pool="anthropic"), claim(), ExpireLease(attempt_id()))
    late = lost.and_then(WakeUp(), now=later(999)).and_then(failure(1, **TWO), failure(1, 2))
    assert known(late, attempt=3) == Done(**TWO)


def test_a_completed_step_keeps_no_parts():
    ended = tried_again(TWO).and_then(report(1, attempt=2))
    assert known(ended, attempt=3) is None
    assert ended.session.kept == {}


def test_what_a_rival_had_finished_of_a_completed_step_is_not_kept():
    lost = given(start(max_attempts=9, pool="anthropic"), claim(), ExpireLease(attempt_id()))
    ended = lost.and_then(WakeUp(), now=later(999)).and_then(report(1, attempt=2), failure(1, **TWO))
    assert ended.session.kept == {}


def test_what_an_attempt_says_that_a_limit_had_stopped_is_heard_and_not_kept():
    stop = StopAttempt(claim().claim, "day", Purse(Decimal(0)), "wait")
    stopped = given(start(1, pool="anthropic"), stop).and_then(failure(1, **TWO))
    assert (stopped.session.kept, stopped.session.waiting_on) == ({}, "budget")
