"""Frames between the runner and its workers come whole, however a pipe cuts them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skill_runner.frames import HEADER, Incoming, pack

FRAMES = [{"partial": [1]}, {"output": {"text": "naïve « »", "n": 1.5}}, {}]
SENT = b"".join(map(pack, FRAMES))


@given(st.sets(st.integers(1, len(SENT) - 1)))
def test_cuts_anywhere_change_nothing(cuts: set[int]):
    incoming, ends = Incoming(), [0, *sorted(cuts), len(SENT)]
    parts = [SENT[start:end] for start, end in pairwise(ends)]
    assert [frame for part in parts for frame in incoming.of(part)] == FRAMES


def test_what_is_no_json_is_an_error():
    with pytest.raises(ValueError, match="Expecting value"):
        list(Incoming().of(HEADER.pack(3) + b"???"))
