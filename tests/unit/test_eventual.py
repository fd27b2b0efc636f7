"""Tests on what a young campaign will have in the end."""

import numpy as np
import pytest

from library.eventual import EDGES, Ages, answered_share, delay_counts, expected_eventual
from library.rates import wilson

NO_HISTORY = np.zeros(len(EDGES) - 1)


def ages(days, answered):
    given = np.asarray(days, dtype=float)
    return Ages(given, np.ones(len(given)), np.asarray(answered, dtype=float))


def test_of_old_pitches_it_is_wilsons_interval():
    found = expected_eventual(Ages(np.array([30.0]), np.array([48.0]), np.array([3.0])), NO_HISTORY)
    assert [found[side] for side in ("mean", "lo", "hi")] == pytest.approx(
        [wilson(3, 48)[side] for side in ("mean", "lo", "hi")], abs=5e-4
    )


def test_young_pitches_are_expected_to_be_answered_yet():
    young = ages([2.0] * 40, [1.0] * 2 + [0.0] * 38)
    assert expected_eventual(young, NO_HISTORY)["mean"] > 2 / 40
    assert 0 < answered_share(young, NO_HISTORY) < 40


def test_the_younger_the_wider():
    widths = []
    for days in (21.0, 7.0, 1.0):
        found = expected_eventual(ages([days] * 50, [1.0] * 3 + [0.0] * 47), NO_HISTORY)
        widths.append(found["hi"] - found["lo"])
    assert widths == sorted(widths)


def test_slow_answers_seen_before_raise_what_is_still_to_come():
    young = ages([3.0] * 40, [1.0] * 2 + [0.0] * 38)
    slow, fast = delay_counts(np.full(60, 12.0)), delay_counts(np.full(60, 0.5))
    assert expected_eventual(young, slow)["mean"] > 2 * expected_eventual(young, fast)["mean"]


@pytest.mark.parametrize(("answered", "low", "high"), [(0.0, 0.0, 0.9), (1.0, 0.2, 1.0)])
def test_all_equal_outcomes_are_bounded(answered, low, high):
    found = expected_eventual(ages([10.0] * 9, [answered] * 9), NO_HISTORY)
    assert found["lo"] >= low
    assert found["hi"] <= high
    assert found["lo"] <= found["mean"] <= found["hi"]


@pytest.mark.parametrize(("days", "k", "n"), [(0.0, 1, 100), (0.5, 1, 1), (1.0, 9, 10)])
def test_answers_sooner_than_any_before_make_nothing_certain(days, k, n):
    seen_before = delay_counts(np.random.default_rng(1).exponential(5, 200))
    found = expected_eventual(ages([days] * n, [1.0] * k + [0.0] * (n - k)), seen_before)
    assert (found["mean"], found["lo"], found["hi"]) == (k / n, wilson(k, n)["lo"], 1.0)


def test_of_nothing_sent_nothing_is_known():
    found = expected_eventual(ages([], []), NO_HISTORY)
    assert (found["lo"], found["hi"], found["n"]) == (0.0, 1.0, 0)


def test_pitches_sent_this_instant_tell_nothing():
    found = expected_eventual(ages([0.0] * 5, [0.0] * 5), NO_HISTORY)
    assert (found["lo"], found["hi"]) == (0.0, 1.0)


@pytest.mark.parametrize("n", [10, 40, 200])
def test_the_interval_holds_the_truth_as_often_as_it_says(n):
    rng = np.random.default_rng(n)
    hits = 0
    for _ in range(200):
        share, scale = rng.uniform(0.03, 0.25), rng.uniform(2, 6)
        before = scale * rng.weibull(0.9, 60)
        age, delay = rng.uniform(0, 7, n), scale * rng.weibull(0.9, n)
        seen = (rng.random(n) < share) & (delay <= age)
        found = expected_eventual(ages(age, seen), delay_counts(before[before <= 21]))
        hits += found["lo"] <= share * (1 - np.exp(-((21 / scale) ** 0.9))) <= found["hi"]
    assert 0.9 <= hits / 200 <= 0.995
