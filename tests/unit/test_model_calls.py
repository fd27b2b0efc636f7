"""What was asked of models is in the log call by call, however the attempt ended, and in the tables."""

from decimal import Decimal
from uuid import UUID, uuid5

import pytest

from controls import NOW, SESSION, SUBJECT, USER, attempt_id, call, failure, report, start, usage
from given import given
from histories import definitions
from orchestrator.asked import Cancel
from orchestrator.decide import decide
from orchestrator.session import Session
from orchestrator.spans import spans_of
from projector.fold import fold
from shared import subjects
from shared.commit import Commit
from shared.direct_get import Entry
from shared.events import (
    AttemptFailed,
    AttemptReportedLate,
    ModelCalled,
    RetryScheduled,
    SessionCompleted,
    StepCompleted,
)
from shared.log import Past, Recorded

REPAIRED = (
    call(item=2, outcome="checks_failed", failed_checks=("names",)),
    call(2, cents=3, item=2, model="a-larger-model"),
)
SESSION_OF = subjects.session(USER, SESSION)


def told(*commands):
    session, commits = Session(), list(definitions())
    for command in commands:
        session, events = decide(command, session, NOW, SUBJECT)
        commits.append((SESSION_OF, Commit(commit_id=UUID(int=len(commits) + 1), at=NOW, events=events)))
    return commits


def tables(*commands):
    entries = [
        Entry(seq, aggregate.subject, commit.encode(aggregate))
        for seq, (aggregate, commit) in enumerate(told(*commands), 1)
    ]
    return fold(entries).tables


def test_calls_stand_before_the_outcome_of_their_attempt():
    first, repair, done, _ = (
        given(start(1))
        .when(report(1, calls=REPAIRED))
        .then_happens(ModelCalled, ModelCalled, StepCompleted, SessionCompleted)
    )
    assert (first.attempt_id, first.failed_checks) == (done.attempt_id, ("names",))
    assert (repair.item, repair.number, repair.purpose) == (2, 2, "repair")


def test_calls_are_told_when_the_attempt_fails():
    given(start()).when(failure(1, calls=REPAIRED)).then_happens(
        ModelCalled, ModelCalled, AttemptFailed, RetryScheduled
    )


def test_calls_are_told_when_the_report_comes_late():
    given(start(), Cancel()).when(report(1, calls=REPAIRED)).then_happens(
        ModelCalled, ModelCalled, AttemptReportedLate
    )


def test_calls_of_a_repeated_report_are_told_once():
    said = report(1, calls=REPAIRED)
    given(start(), said).when(said).nothing_happens()


def test_each_call_is_a_row_under_an_id_that_a_rebuild_finds_again():
    rows = tables(start(1), report(1, calls=REPAIRED, usage=usage(4)))["model_calls"]
    assert set(rows) == {uuid5(attempt_id(), f"call/2/{number}") for number in (1, 2)}
    first, repair = sorted(rows.values(), key=lambda row: row["number"])
    assert (first["outcome"], first["failed_checks"]) == ("checks_failed", ["names"])
    assert (repair["model"], repair["agent_session_id"]) == ("a-larger-model", SESSION)
    assert repair["cost_usd"] == Decimal("0.03")


@pytest.mark.parametrize("ended", [report, failure])
def test_the_session_s_cost_is_the_sum_of_its_calls(ended):
    found = tables(start(1), ended(1, calls=REPAIRED, usage=usage(4)))
    paid = sum(row["cost_usd"] for row in found["model_calls"].values())
    assert found["agent_sessions"][SESSION]["cost_usd"] == paid


def test_a_call_that_nobody_answered_has_no_price():
    unanswered = call(outcome="unanswered", usage=None)
    (row,) = tables(start(1), failure(1, calls=(unanswered,)))["model_calls"].values()
    assert (row["outcome"], row["cost_usd"], row["input_tokens"]) == ("unanswered", None, None)


def test_the_trace_is_the_same_tree_with_calls_told_and_without():
    def spans(calls):
        commits = [commit for aggregate, commit in told(start(1), report(1, calls=calls))]
        past = Past(tuple(Recorded(seq, commit) for seq, commit in enumerate(commits[-2:], 1)))
        return spans_of(SESSION_OF, past)

    assert spans(REPAIRED) == spans(())
