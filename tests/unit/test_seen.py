"""Histories put together from what a consumer saw: whole or not at all."""

from typing import Any
from uuid import uuid4

from controls import NOW
from orchestrator.seen import Seen
from shared.commit import Commit
from shared.delivery import Delivery
from shared.events import SessionCancelled, SessionCompleted
from shared.jetstream_log import EXPECTED
from shared.subjects import session

NOBODY: Any = None
AGGREGATE = session(uuid4(), uuid4())


def delivered(seq: int, follows: int, size: int = 0) -> Delivery:
    event = SessionCompleted() if size == 0 else SessionCancelled(reason="r" * size)
    body = Commit(commit_id=uuid4(), at=NOW, events=(event,)).encode(AGGREGATE)
    return Delivery(AGGREGATE.subject, body, {EXPECTED: str(follows)}, seq, 1, NOBODY)


def seen(*deliveries: Delivery, **bounds: int) -> Seen:
    made = Seen(**bounds)
    for delivery in deliveries:
        made.keep(delivery)
    return made


def test_what_was_seen_from_the_first_commit_on_is_whole():
    past = seen(delivered(3, 0), delivered(7, 3)).whole(delivered(9, 7))
    assert past is not None
    assert [recorded.seq for recorded in past.recorded] == [3, 7, 9]


def test_a_commit_that_went_to_somebody_else_is_missed():
    assert seen(delivered(3, 0)).whole(delivered(9, 7)) is None
    assert seen(delivered(7, 3)).whole(delivered(9, 7)) is None
    assert seen().whole(delivered(9, 7)) is None


def test_a_commit_that_came_twice_makes_nothing_up():
    assert seen(delivered(3, 0), delivered(3, 0)).whole(delivered(9, 3)) is None


def test_a_history_is_told_once():
    once = seen(delivered(3, 0))
    assert once.whole(delivered(9, 3)) is not None
    assert once.whole(delivered(9, 3)) is None


def test_the_oldest_is_forgotten_when_there_is_no_room():
    assert seen(delivered(3, 0, size=600), most_bytes=500).whole(delivered(9, 3)) is None
    assert seen(delivered(3, 0, size=600), most_bytes=5000).whole(delivered(9, 3)) is not None
