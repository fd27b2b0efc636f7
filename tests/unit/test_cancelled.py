"""What was cancelled lately is remembered by the number of the commit that cancelled it."""

from uuid import UUID

from controls import USER, work
from skill_runner.cancelled import REMEMBERED, Cancelled, run_of


def test_what_was_asked_for_before_the_latest_cancel_is_not_run():
    cancelled = Cancelled()
    asked = work(seq=7)
    for seq in (9, 5):
        cancelled.note(run_of(asked), seq)
    assert cancelled.has(asked)
    assert not cancelled.has(work(seq=9))


def test_no_more_is_remembered_than_messages_can_be_under_way():
    cancelled = Cancelled()
    runs = [(str(USER), "session", str(UUID(int=number))) for number in range(REMEMBERED)]
    for run in [run_of(work(seq=1)), *runs]:
        cancelled.note(run, 9)
    assert not cancelled.has(work(seq=1))
    assert cancelled.has(work(seq=1, id=UUID(int=0)))
