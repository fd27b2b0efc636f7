"""Slopes that outliers do not move, and a test that knows of memory."""

import numpy as np
import pytest

from library.slopes import slope, slopes


def test_a_straight_line_has_its_own_slope_and_is_no_chance():
    found = slope(np.arange(12) * 3.0)
    assert (found.middle, found.low, found.high) == (3, 3, 3)
    assert found.p < 0.001


def test_one_outlier_does_not_turn_a_slope():
    values = np.arange(12) * 1.0
    values[3] = 1000
    assert slope(values).middle == pytest.approx(1, abs=0.2)


def test_a_constant_series_has_no_trend():
    assert slope(np.full(10, 5.0)) == (0, 0, 0, 1)


def test_missing_weeks_keep_their_place():
    values = np.arange(12) * 2.0
    values[[4, 7]] = np.nan
    assert slope(values).middle == 2


def test_seven_points_are_too_few():
    with pytest.raises(ValueError, match="8 points"):
        slope(np.arange(7.0))


def test_a_mirrored_series_is_as_likely_and_slopes_the_other_way():
    values = np.random.default_rng(1).normal(size=20) + np.arange(20) * 0.1
    up, down = slope(values), slope(-values)
    assert (up.p, up.middle) == (pytest.approx(down.p), pytest.approx(-down.middle))


def remembering(rng, memory, weeks=26):
    values = rng.normal(size=weeks)
    for week in range(1, weeks):
        values[week] += memory * values[week - 1]
    return values


@pytest.mark.parametrize("memory", [0.0, 0.3, 0.5])
def test_noise_is_rarely_taken_for_a_trend_however_much_it_remembers(memory):
    rng = np.random.default_rng(3)
    noise = [one.p < 0.01 for one in slopes([remembering(rng, memory) for _ in range(1000)])]
    assert np.mean(noise) < 0.02


@pytest.mark.parametrize("memory", [0.0, 0.3, 0.5])
def test_a_trend_is_rarely_taken_for_noise(memory):
    rng = np.random.default_rng(4)
    rising = slopes([remembering(rng, memory) + 0.3 * np.arange(26) for _ in range(100)])
    assert np.mean([one.p < 0.05 for one in rising]) > 0.95


def test_the_bounds_hold_the_slope_nineteen_times_in_twenty():
    rng = np.random.default_rng(5)
    found = slopes([remembering(rng, 0.3) + 0.2 * np.arange(26) for _ in range(500)])
    assert np.mean([one.low <= 0.2 <= one.high for one in found]) > 0.93


def test_a_series_among_others_that_remember_nothing_is_surer_than_alone():
    rng = np.random.default_rng(6)
    rising = rng.normal(size=13) + 0.5 * np.arange(13)
    others = [rng.normal(size=13) for _ in range(40)]
    assert slopes([rising, *others])[0].p < slope(rising).p


def test_zeros_and_a_few_counts_have_a_slope():
    found = slope(np.array([0, 0, 0, 0, 0, 0, 5, 9, 7.0]))
    assert 0 < found.p < 0.2
    assert found.low <= found.middle <= found.high


def test_no_series_have_no_slopes():
    assert slopes([]) == []
