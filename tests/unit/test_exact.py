"""Tests on two-by-two tables, against figures worked out by hand or published."""

import numpy as np
import pytest

from library.exact import (
    Table,
    benjamini_hochberg,
    fisher_mid_p,
    lift,
    mantel_haenszel,
    power_of_lift,
    sends_for_lift,
    sign_flip_p,
    simes,
)


def test_tasting_tea_counts_the_table_seen_half():
    assert fisher_mid_p(Table(3, 4, 1, 4)) == pytest.approx(2 / 70 + 32 / 70 / 2)


def test_equal_shares_are_no_finding():
    assert fisher_mid_p(Table(5, 50, 10, 100)) > 0.8


@pytest.mark.parametrize(
    "table", [Table(0, 0, 3, 9), Table(0, 5, 0, 9), Table(5, 5, 9, 9), Table(0, 0, 0, 0)]
)
def test_a_table_that_could_not_have_come_out_otherwise_has_p_1(table):
    assert fisher_mid_p(table) == 1.0


def test_sides_may_be_swapped():
    assert fisher_mid_p(Table(57, 480, 43, 720)) == pytest.approx(fisher_mid_p(Table(43, 720, 57, 480)))


def test_fishers_p_is_rarely_small_where_nothing_is():
    rng = np.random.default_rng(3)
    small = [fisher_mid_p(Table(*_null(rng))) <= 0.05 for _ in range(2000)]
    assert 0.02 < np.mean(small) < 0.065


def _null(rng):
    return int(rng.binomial(150, 0.08)), 150, int(rng.binomial(250, 0.08)), 250


def test_the_lift_is_a_ratio_of_rates():
    assert lift(Table(57, 480, 43, 720)) == pytest.approx(1.988, abs=0.001)


def test_a_lift_over_none_is_finite_and_over_nothing_is_1():
    assert 1 < lift(Table(4, 20, 0, 20)) < 100
    assert lift(Table(0, 0, 3, 20)) == 1.0


def test_mantel_haenszel_undoes_simpsons_paradox():
    strata = [Table(81, 87, 234, 270), Table(192, 263, 55, 80)]
    together = Table(273, 350, 289, 350)
    assert lift(together) < 1 < mantel_haenszel(strata).ratio


def test_strata_with_one_side_only_tell_nothing():
    assert mantel_haenszel([Table(3, 9, 0, 0), Table(0, 0, 2, 9)]) == (1.0, 1.0)


def test_one_stratum_is_the_plain_ratio():
    assert mantel_haenszel([Table(57, 480, 43, 720)]).ratio == pytest.approx(lift(Table(57, 480, 43, 720)))


def test_q_values_are_those_of_benjamini_and_hochberg():
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert benjamini_hochberg([]) == []


def test_simes_of_one_is_itself_and_of_none_is_1():
    assert simes([0.03]) == 0.03
    assert simes([]) == 1.0
    assert simes([0.03, 0.03]) == pytest.approx(0.03)


def test_the_sends_needed_give_the_power_asked_for():
    n = sends_for_lift(0.08, times=2, level=0.005, power=0.8)
    assert power_of_lift(0.08, n // 2, n // 2, times=2, level=0.005) == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize(("mean", "n1"), [(0.0, 10), (1.0, 10), (0.1, 0)])
def test_where_nothing_can_differ_there_is_no_power(mean, n1):
    assert power_of_lift(mean, n1, 10, times=2, level=0.05) == 0.0


def test_clusters_that_agree_are_told_from_one_cluster_that_shouts():
    assert sign_flip_p([1.0] * 10) < 0.01
    assert sign_flip_p([10.0, *[0.0] * 9]) > 0.9
    assert sign_flip_p([5.0]) == 1.0


def test_many_clusters_are_flipped_as_few_are():
    scores = np.random.default_rng(2).normal(0.1, 1, 500)
    assert sign_flip_p([*scores, 0.0]) == pytest.approx(sign_flip_p(scores), abs=0.015)
    assert sign_flip_p([0.0] * 501) == 1.0
