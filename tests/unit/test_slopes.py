"""Slopes that outliers do not move, and a test that knows of memory."""

import numpy as np
import pytest

from library.slopes import slope


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


def test_noise_is_rarely_taken_for_a_trend_and_a_trend_rarely_for_noise():
    rng = np.random.default_rng(3)
    noise = [slope(rng.normal(size=20)).p < 0.05 for _ in range(300)]
    rising = [slope(rng.normal(size=20) + 0.3 * np.arange(20)).p < 0.05 for _ in range(100)]
    assert np.mean(noise) < 0.1
    assert np.mean(rising) > 0.95
