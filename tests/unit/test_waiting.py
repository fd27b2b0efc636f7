"""Who waits with many messages has one turn of several, as everybody who waits with one."""

from typing import Any

from nats.aio.msg import Msg

from shared.waiting import AROUND, Waiting

NOBODY: Any = None


def test_a_sender_has_one_turn_in_a_round_whatever_it_asks_for():
    waiting = Waiting()
    for subject in ("ask.many.session.run", "ask.many.contacts.list", "ask.one.session.run"):
        waiting.put(Msg(NOBODY, subject))
    assert [waiting.take().subject for _ in range(3)] == [
        "ask.many.session.run",
        "ask.one.session.run",
        "ask.many.contacts.list",
    ]


def test_a_message_takes_room_with_all_that_it_has_and_without_a_body_too():
    waiting = Waiting()
    waiting.put(Msg(NOBODY, "ask.one.session.run"))
    waiting.put(Msg(NOBODY, "ask.one.session.run", data=b"12345", headers={"name": "value"}))
    assert waiting.bytes == 2 * AROUND + 5 + 9
    waiting.take()
    assert waiting.bytes == AROUND + 5 + 9
    waiting.drop()
    assert (waiting.bytes, bool(waiting)) == (0, False)


def test_what_is_dropped_is_the_newest_of_whoever_has_the_most():
    waiting = Waiting()
    for subject, body in (
        ("ask.many.x.first", b"long"),
        ("ask.one.x.x", b""),
        ("ask.many.x.second", b"long"),
    ):
        waiting.put(Msg(NOBODY, subject, data=body))
    waiting.drop()
    assert [waiting.take().subject for _ in range(2)] == ["ask.many.x.first", "ask.one.x.x"]
