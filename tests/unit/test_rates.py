"""Tests on shares, against published figures and simple truths."""

import numpy as np
import pytest

from library.campaign_numbers import SURE
from library.exact import benjamini_hochberg
from library.rates import fit_beta, p_greater, posterior, wilson


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(3, 48, 0.021, 0.168), (5, 40, 0.055, 0.261), (57, 480, 0.093, 0.151), (0, 10, 0.0, 0.278)],
)
def test_wilsons_interval_is_the_published_one(k, n, low, high):
    found = wilson(k, n)
    assert (round(found["lo"], 3), round(found["hi"], 3)) == (low, high)


def test_of_no_pitches_nothing_is_known():
    assert wilson(0, 0) == {"k": 0, "n": 0, "mean": 0.0, "lo": 0.0, "hi": 1.0, "method": "none observed"}


def test_all_answered_reaches_up_to_one_and_none_down_to_zero():
    assert wilson(7, 7)["hi"] == 1.0 > wilson(7, 7)["lo"] > 0.5
    assert wilson(0, 7)["lo"] == 0.0 < wilson(0, 7)["hi"] < 0.5


@pytest.mark.parametrize("n", [10, 20, 50, 200])
def test_wilson_covers_the_truth_where_a_normal_interval_does_not(n):
    k = np.random.default_rng(n).binomial(n, 0.03, 4000)
    hits = [found["lo"] <= 0.03 <= found["hi"] for found in (wilson(int(one), n) for one in k)]
    assert np.mean(hits) > 0.93


def test_a_wider_level_gives_a_wider_interval():
    assert wilson(3, 48, 0.99)["hi"] > wilson(3, 48)["hi"] > wilson(3, 48, 0.8)["hi"]


def test_the_posterior_lies_between_prior_and_data():
    found = posterior(5, 10, 1, 19)
    assert 0.05 < found["mean"] < 0.5
    assert found["lo"] < found["mean"] < found["hi"]


def test_the_weeks_of_the_story_differ_with_a_probability_of_five_in_six():
    assert p_greater(5, 40, 3, 48) == pytest.approx(0.838, abs=0.001)


def test_either_of_two_equals_is_greater_half_the_time():
    assert p_greater(4, 30, 4, 30) == pytest.approx(0.5, abs=1e-6)
    assert p_greater(0, 0, 0, 0) == pytest.approx(0.5, abs=1e-6)


def test_greater_and_smaller_make_one():
    assert p_greater(2, 40, 9, 60) + p_greater(9, 60, 2, 40) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(("few", "many"), [((0, 10), (0, 300)), ((0, 1), (0, 60)), ((10, 10), (300, 300))])
def test_where_all_ended_alike_it_does_not_decide_how_many_there_were(few, many):
    assert 0.3 < p_greater(*few, *many) < 0.7


@pytest.mark.parametrize("sizes", [(1, 50), (10, 300), (300, 10), (40, 48), (200, 200)])
@pytest.mark.parametrize("rate", [0.01, 0.03, 0.08, 0.5])
def test_of_two_periods_alike_one_in_twenty_is_called_better_or_worse(sizes, rate):
    counts = np.random.default_rng(4).binomial(sizes, rate, (2000, 2))
    pairs, often = np.unique(counts, axis=0, return_counts=True)
    p = np.array([p_greater(k0, sizes[0], k1, sizes[1]) for k0, k1 in pairs.tolist()])
    clear = (p >= SURE) | (p <= 1 - SURE)
    assert often[clear].sum() / 2000 < 0.07


def test_many_pitches_decide():
    assert p_greater(900, 9000, 600, 9000) > 0.999


def test_the_prior_of_many_groups_is_found():
    rng = np.random.default_rng(5)
    n = rng.integers(1, 9, 4000)
    a, b = fit_beta(rng.binomial(n, rng.beta(2, 18, 4000)), n)
    assert a / (a + b) == pytest.approx(0.1, abs=0.01)
    assert a + b == pytest.approx(20, rel=0.4)


@pytest.mark.parametrize(
    "groups", [([], []), ([0], [0]), ([0], [1]), ([0] * 50, [4] * 50), ([3] * 9, [3] * 9)]
)
def test_few_or_all_equal_groups_give_a_prior_that_can_be_used(groups):
    a, b = fit_beta(*groups)
    assert 0 < a < 5000
    assert 0 < b < 5000


def test_without_groups_the_prior_is_one_in_twenty():
    a, b = fit_beta([], [])
    assert a / (a + b) == pytest.approx(0.05, abs=0.001)


def test_q_values_come_from_one_place():
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])
