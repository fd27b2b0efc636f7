"""Who waits with many messages has one turn of several, as everybody who waits with one."""

from typing import Any

from nats.aio.msg import Msg

from shared.waiting import Waiting

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
