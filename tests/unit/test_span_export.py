"""What becomes of spans that wait to be sent."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from shared.span import Span
from shared.span_export import ROOM, Outbox

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SPAN = Span("ab" * 16, "cd" * 8, None, "run", NOW, NOW, {})
SOON_S = 0.01


class Receiver:
    """Takes what it is sent, but for the first `refusals`, which end in `refusal`."""

    def __init__(self, refusal: Exception | None = None, refusals: int = 0) -> None:
        self.taken: list[Span] = []
        self.asked = threading.Semaphore(0)
        self._refusal = refusal
        self._refusals = refusals

    def send(self, spans: Sequence[Span]) -> bool:
        self._refusals -= 1
        try:
            if self._refusals < 0:
                self.taken += spans
                return True
            if self._refusal is not None:
                raise self._refusal
            return False
        finally:
            self.asked.release()


def reports(capsys: pytest.CaptureFixture[str]) -> int:
    told = capsys.readouterr()
    return (told.out + told.err).count("the trace receiver takes no spans")


def test_what_waits_is_sent_together_at_the_end():
    receiver = Receiver()
    outbox = Outbox(receiver.send, 60)
    outbox.put([SPAN])
    outbox.put([SPAN, SPAN])
    outbox.close(5)
    assert receiver.taken == [SPAN] * 3
    assert receiver.asked.acquire(blocking=False)
    assert not receiver.asked.acquire(blocking=False)


def test_nothing_runs_before_there_is_a_span():
    before = threading.active_count()
    Outbox(Receiver().send, SOON_S).close(5)
    assert threading.active_count() == before


@pytest.mark.parametrize("refusal", [None, ValueError("cannot be encoded")])
def test_what_is_not_taken_is_lost_and_holds_up_nothing(refusal, capsys):
    receiver = Receiver(refusal, refusals=2)
    outbox = Outbox(receiver.send, SOON_S)
    for _ in range(3):
        outbox.put([SPAN])
        assert receiver.asked.acquire(timeout=5)
    outbox.close(5)
    assert receiver.taken == [SPAN]
    assert reports(capsys) == 1


def test_a_tree_for_which_there_is_no_room_is_lost_whole(capsys):
    receiver = Receiver()
    outbox = Outbox(receiver.send, 60)
    outbox.put([SPAN] * (ROOM - 1))
    outbox.put([SPAN, SPAN])
    outbox.put([SPAN])
    outbox.close(5)
    assert len(receiver.taken) == ROOM
    assert reports(capsys) == 1


def test_a_receiver_that_does_not_answer_holds_up_the_end_for_a_moment_and_is_reported(capsys):
    never = threading.Event()
    outbox = Outbox(lambda _: never.wait(30), 60)
    outbox.put([SPAN])
    ended = threading.Thread(target=outbox.close, args=(0.1,))
    ended.start()
    ended.join(5)
    assert not ended.is_alive()
    assert reports(capsys) == 1
    never.set()
