"""Histories kept from what this process appended: whole or not at all."""

from uuid import uuid4

from controls import NOW
from orchestrator.seen import Seen
from shared.commit import Commit
from shared.events import SessionCompleted
from shared.log import Recorded
from shared.subjects import Aggregate, session

AGGREGATE = session(uuid4(), uuid4())


def seen(
    *commits: tuple[int, int], aggregate: Aggregate = AGGREGATE, into: Seen | None = None, size: int = 1
) -> Seen:
    """Keep commits: the sequence of each, and of the one that it follows; and the size of all."""
    made = into or Seen()
    for seq, follows in commits:
        commit = Commit(commit_id=uuid4(), at=NOW, events=(SessionCompleted(),))
        made.keep(aggregate, Recorded(seq, commit), follows, size)
    return made


def test_what_was_appended_from_the_first_commit_on_is_whole():
    past = seen((3, 0), (7, 3), (9, 7)).whole(AGGREGATE, 9)
    assert past is not None
    assert [recorded.seq for recorded in past.recorded] == [3, 7, 9]


def test_a_commit_of_somebody_else_is_missed():
    assert seen((3, 0), (9, 7)).whole(AGGREGATE, 9) is None
    assert seen((7, 3), (9, 7)).whole(AGGREGATE, 9) is None
    assert seen((3, 0)).whole(AGGREGATE, 9) is None
    assert seen().whole(AGGREGATE, 9) is None


def test_what_follows_a_commit_of_somebody_else_makes_nothing_up():
    assert seen((3, 0), (9, 7), (12, 9)).whole(AGGREGATE, 12) is None


def test_what_comes_later_tells_of_the_end_before_it_too():
    past = seen((3, 0), (7, 3), (9, 7)).whole(AGGREGATE, 7)
    assert past is not None
    assert past.seq == 9


def test_a_history_that_is_not_here_so_far_is_kept_until_it_is():
    kept = seen((3, 0))
    assert kept.whole(AGGREGATE, 7) is None
    assert seen((7, 3), into=kept).whole(AGGREGATE, 7) is not None


def test_a_history_is_told_once():
    once = seen((3, 0))
    assert once.whole(AGGREGATE, 3) is not None
    assert once.whole(AGGREGATE, 3) is None


def test_the_one_untouched_for_longest_is_forgotten_when_there_is_no_room():
    first, second, third = (session(uuid4(), uuid4()) for _ in range(3))
    kept = Seen(most=2)
    for aggregate, *commits in ((first, (1, 0)), (second, (2, 0)), (first, (3, 1)), (third, (4, 0))):
        seen(*commits, aggregate=aggregate, into=kept)
    assert kept.whole(second, 2) is None
    assert kept.whole(first, 3) is not None
    assert kept.whole(third, 4) is not None


def test_large_ones_are_forgotten_before_there_are_many_and_one_larger_than_all_room_is_kept_alone():
    first, second, third = (session(uuid4(), uuid4()) for _ in range(3))
    kept = Seen(most_bytes=100)
    seen((1, 0), aggregate=first, into=kept, size=40)
    seen((2, 0), aggregate=second, into=kept, size=40)
    seen((3, 1), aggregate=first, into=kept, size=60)
    seen((4, 0), aggregate=third, into=kept, size=40)
    assert kept.whole(second, 2) is None
    assert kept.whole(first, 3) is not None
    seen((5, 0), aggregate=second, into=kept, size=60)
    assert kept.whole(third, 4) is not None
    seen((6, 0), aggregate=first, into=kept, size=200)
    assert kept.whole(second, 5) is None
    assert kept.whole(first, 6) is not None
