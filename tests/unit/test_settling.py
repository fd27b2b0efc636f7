"""What becomes of money that was set aside, told by a session's events."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from msgspec.structs import replace

from controls import LEASE_S, NOW, attempt_id, claim, failure, report, start, usage
from given import given
from orchestrator.asked import Cancel, ClaimAttempt, ExpireLease
from orchestrator.ledger import Doubt, Release, Settle
from orchestrator.settling import SILENT_FOR, overdue, settlement
from shared.commit import Commit
from shared.log import Past, Recorded

PAID = start(1, pool="anthropic")
CLAIM = ClaimAttempt(replace(claim().claim, most_usd=Decimal("0.02")), LEASE_S)


def past(*commands) -> Past:
    """A history, each command's events in a commit of its own."""
    recorded = []
    for number in range(len(commands)):
        events = given(*commands[:number]).when(commands[number]).events
        recorded.append(Recorded(number + 1, Commit(commit_id=uuid4(), at=NOW, events=tuple(events))))
    return Past(tuple(recorded))


def told(*commands):
    """What the last command's events mean."""
    return [found for event in past(*commands).recorded[-1].commit.events if (found := settlement(event))]


def test_a_success_is_settled_at_its_cost():
    assert told(PAID, CLAIM, report(usage=usage(1))) == [Settle(attempt_id(), Decimal("0.01"))]


def test_a_failure_after_a_call_is_settled_at_its_cost():
    assert told(PAID, CLAIM, failure(usage=usage(1))) == [Settle(attempt_id(), Decimal("0.01"))]


def test_what_was_in_doubt_within_an_attempt_is_told_apart():
    used = replace(usage(1), in_doubt_usd=Decimal("0.005"))
    assert told(PAID, CLAIM, failure(usage=used)) == [Settle(attempt_id(), Decimal("0.01"), Decimal("0.005"))]


def test_a_failure_before_any_call_gives_everything_back():
    assert told(PAID, CLAIM, failure()) == [Release(attempt_id())]


def test_a_lost_runner_leaves_all_in_doubt():
    assert told(PAID, CLAIM, ExpireLease(attempt_id())) == [Doubt(attempt_id())]


def test_a_late_report_is_settled_too():
    assert told(PAID, CLAIM, Cancel(), report(usage=usage(2))) == [Settle(attempt_id(), Decimal("0.02"))]


def test_simulated_calls_were_never_reserved():
    assert told(PAID, CLAIM, report(usage=replace(usage(0), simulated=True))) == []


def test_a_cancelled_attempt_tells_itself_what_it_cost():
    assert told(PAID, CLAIM, Cancel()) == []
    assert overdue(attempt_id(), past(PAID, CLAIM, Cancel()), NOW + SILENT_FOR / 2) is None


def test_one_that_does_not_has_lost_its_runner():
    later = NOW + SILENT_FOR + timedelta(seconds=1)
    assert overdue(attempt_id(), past(PAID, CLAIM, Cancel()), later) == Doubt(attempt_id())


def test_an_attempt_that_was_never_claimed_gives_everything_back():
    later = NOW + SILENT_FOR + timedelta(seconds=1)
    assert overdue(attempt_id(), past(PAID, Cancel()), later) == Release(attempt_id())


def test_an_attempt_that_runs_is_left_alone():
    assert overdue(attempt_id(), past(PAID, CLAIM), NOW + timedelta(days=1)) is None


def test_a_report_that_was_logged_but_not_settled_is_found():
    history = past(PAID, CLAIM, report(usage=usage(1)))
    assert overdue(attempt_id(), history, NOW) == Settle(attempt_id(), Decimal("0.01"))


def test_a_late_report_counts_rather_than_the_loss_before_it():
    history = past(PAID, CLAIM, ExpireLease(attempt_id()), report(usage=usage(1)))
    assert overdue(attempt_id(), history, NOW) == Settle(attempt_id(), Decimal("0.01"))
