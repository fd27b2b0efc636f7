"""How many custom attempts a runner holds: many while they are short, few as soon as one was long."""

import pytest

from skill_runner.turns import MOST, Turns

SHORT_S, LONG_S = 0.001, 5.0
AT_ONCE = 4


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([], AT_ONCE),
        ([SHORT_S] * 50, MOST),
        ([0.0] * 50, MOST),
        ([LONG_S] * 3, AT_ONCE),
        ([*[SHORT_S] * 50, LONG_S], AT_ONCE),
        ([LONG_S, *[SHORT_S] * 50], MOST),
        ([0.02] * 50, 10),
    ],
    ids=["none yet", "short", "in no time", "long", "a long one at last", "a long one long ago", "between"],
)
def test_as_many_are_held_as_can_begin_soon(seconds: list[float], expected: int):
    turns = Turns(AT_ONCE)
    for one in seconds:
        turns.took(one)
    assert turns.in_flight() == expected
