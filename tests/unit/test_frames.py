"""Frames between the runner and its workers come whole, however a pipe cuts them."""

import json
import os
import threading
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from skill_runner.frames import Incoming, calls, pack, write

FRAMES = [{"partial": [1]}, {"output": {"text": "naïve « »", "n": 1.5}}, {}]
SENT = b"".join(map(pack, FRAMES))


@given(st.sets(st.integers(1, len(SENT) - 1)))
def test_cuts_anywhere_change_nothing(cuts: set[int]):
    incoming, ends = Incoming(), [0, *sorted(cuts), len(SENT)]
    parts = [SENT[start:end] for start, end in pairwise(ends)]
    assert [json.loads(body) for part in parts for body in incoming.of(part)] == FRAMES


def test_calls_come_as_they_were_told_and_end_with_the_pipe():
    told = [{"input": {"text": "naïve « »" * 50_000, "n": [1.5, 10**30, None, True]}}, {}, {"wait_s": 4.0}]
    reading, writing = os.pipe()

    def tell() -> None:
        write(writing, b"".join(map(pack, told)))
        os.close(writing)

    threading.Thread(target=tell).start()
    assert list(calls(reading)) == told
    os.close(reading)
